// The floor of a process's start.
int main() {}
