// The main function of programs that croton_add_kernels() makes from builders.
#include <croton/aot.hpp>

int main(int argc, char** argv) { return croton::aot_main(argc, argv); }
