#include "codegen/c_names.hpp"

#include <set>
#include <string>

namespace croton::codegen {

bool is_c_library_name(std::string_view name) {
  static const std::set<std::string_view> names = {
      "std", "croton_aot", "NULL", "EOF", "I", "assert", "errno", "offsetof", "setjmp", "stdin",
      "stdout", "stderr", "signal", "raise", "va_arg", "va_copy", "va_end", "va_start", "int8_t",
      "int16_t", "int32_t", "int64_t", "uint8_t", "uint16_t", "uint32_t", "uint64_t", "intptr_t",
      "uintptr_t", "intmax_t", "uintmax_t", "size_t", "ptrdiff_t", "max_align_t", "float_t",
      "double_t", "time_t", "clock_t", "tm", "div_t", "ldiv_t", "lldiv_t", "fpos_t", "jmp_buf",
      // stdio.h
      "clearerr", "fclose", "feof", "ferror", "fflush", "fgetc", "fgetpos", "fgets", "fopen",
      "fprintf", "fputc", "fputs", "fread", "freopen", "fscanf", "fseek", "fsetpos", "ftell",
      "fwrite", "getc", "getchar", "gets", "perror", "printf", "putc", "putchar", "puts", "remove",
      "rename", "rewind", "scanf", "setbuf", "setvbuf", "snprintf", "sprintf", "sscanf", "tmpfile",
      "tmpnam", "ungetc", "vfprintf", "vprintf", "vsnprintf", "vsprintf",
      // stdlib.h
      "abort", "abs", "aligned_alloc", "atexit", "atof", "atoi", "atol", "atoll", "bsearch",
      "calloc", "div", "exit", "free", "getenv", "labs", "ldiv", "llabs", "lldiv", "malloc",
      "mblen", "mbstowcs", "mbtowc", "qsort", "quick_exit", "rand", "realloc", "srand", "strtod",
      "strtof", "strtol", "strtold", "strtoll", "strtoul", "strtoull", "system", "wcstombs",
      "wctomb",
      // string.h
      "memchr", "memcmp", "memcpy", "memmove", "memset", "strcat", "strchr", "strcmp", "strcoll",
      "strcpy", "strcspn", "strerror", "strlen", "strncat", "strncmp", "strncpy", "strpbrk",
      "strrchr", "strspn", "strstr", "strtok", "strxfrm",
      // time.h
      "asctime", "clock", "ctime", "difftime", "gmtime", "localtime", "mktime", "strftime", "time",
      "timespec", "timespec_get",
      // ctype.h
      "isalnum", "isalpha", "isblank", "iscntrl", "isdigit", "isgraph", "islower", "isprint",
      "ispunct", "isspace", "isupper", "isxdigit", "tolower", "toupper",
      // math.h, whose functions also end in f and l
      "fpclassify", "isfinite", "isinf", "isnan", "isnormal", "signbit", "isgreater",
      "isgreaterequal", "isless", "islessequal", "islessgreater", "isunordered"};
  static const std::set<std::string_view> mathematics = {
      "acos",      "acosh",     "asin",       "asinh", "atan",      "atan2",  "atanh",   "cbrt",
      "ceil",      "copysign",  "cos",        "cosh",  "erf",       "erfc",   "exp",     "exp2",
      "expm1",     "fabs",      "fdim",       "floor", "fma",       "fmax",   "fmin",    "fmod",
      "frexp",     "hypot",     "ilogb",      "ldexp", "lgamma",    "llrint", "llround", "log",
      "log10",     "log1p",     "log2",       "logb",  "lrint",     "lround", "modf",    "nan",
      "nearbyint", "nextafter", "nexttoward", "pow",   "remainder", "remquo", "rint",    "round",
      "scalbln",   "scalbn",    "sin",        "sinh",  "sqrt",      "tan",    "tanh",    "tgamma",
      "trunc",     "j0",        "j1",         "jn",    "y0",        "y1",     "yn",      "gamma"};
  if (names.contains(name) || mathematics.contains(name)) return true;
  return !name.empty() && (name.back() == 'f' || name.back() == 'l') &&
         mathematics.contains(name.substr(0, name.size() - 1));
}

bool is_c_header(std::string_view name) {
  static const std::set<std::string_view> headers = {
      "assert",    "complex", "croton_aot", "ctype",  "errno",  "fenv",   "float",       "inttypes",
      "iso646",    "limits",  "locale",     "math",   "setjmp", "signal", "stdalign",    "stdarg",
      "stdatomic", "stdbool", "stddef",     "stdint", "stdio",  "stdlib", "stdnoreturn", "string",
      "tgmath",    "threads", "time",       "uchar",  "wchar",  "wctype"};
  return headers.contains(name);
}

}  // namespace croton::codegen
