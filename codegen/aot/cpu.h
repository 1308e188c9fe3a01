// Which level of x86-64 the CPU has, asked when a library is queried; printed into its source.
extern "C" char* getenv(const char* name);

struct Registers {
  u32 a, b, c, d;
};

inline Registers cpuid(u32 leaf) {
  Registers r = {leaf, 0, 0, 0};
  __asm__ volatile("cpuid" : "+a"(r.a), "=b"(r.b), "+c"(r.c), "=d"(r.d));
  return r;
}

// What the operating system saves of the registers.
inline u32 saved_state() {
  u32 low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

inline bool has(u32 value, u32 bits) { return (value & bits) == bits; }

// Bits as in the x86-64 psABI's table of levels.
inline i32 cpu_level() {
  const u32 leaves = cpuid(0).a, extended = cpuid(0x80000000u).a;
  const Registers one = cpuid(1);
  // cx16, popcnt, sse3, sse4.1, sse4.2, ssse3; lahf
  constexpr u32 v2 = 1u << 13 | 1u << 23 | 1u | 1u << 19 | 1u << 20 | 1u << 9;
  if (extended < 0x80000001u) return 1;
  const u32 more = cpuid(0x80000001u).c;
  if (!has(one.c, v2) || !has(more, 1u)) return 1;
  // avx, f16c, fma, movbe, osxsave; lzcnt; bmi1, avx2, bmi2; xmm and ymm are saved
  constexpr u32 v3 = 1u << 28 | 1u << 29 | 1u << 12 | 1u << 22 | 1u << 27;
  if (leaves < 7 || !has(one.c, v3) || !has(more, 1u << 5)) return 2;
  const Registers seven = cpuid(7);
  if (!has(seven.b, 1u << 3 | 1u << 5 | 1u << 8) || !has(saved_state(), 0x6)) return 2;
  // avx512 f, dq, cd, bw, vl; the zmm and mask registers are saved
  constexpr u32 v4 = 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31;
  return has(seven.b, v4) && has(saved_state(), 0xe6) ? 4 : 3;
}

// "x86-64" is 1, "x86-64-v3" 3; 0 is no level.
inline i32 level_named(const char* name) {
  for (const char* wanted = "x86-64"; *wanted; ++wanted, ++name)
    if (*name != *wanted) return 0;
  if (!*name) return 1;
  return name[0] == '-' && name[1] == 'v' && name[2] >= '2' && name[2] <= '4' && !name[3]
             ? name[2] - '0'
             : 0;
}

struct Variant {
  i32 level;
  croton_aot_library library;
};

// Variants in descending order: the first that the CPU can run.
inline i32 pick(const char* name, const Variant* variants, i32 count, i32 version,
                const croton_aot_library** library, croton_aot_error* error) {
  if (version != CROTON_AOT_VERSION || !library) {
    Text text = begin(error, CROTON_AOT_WRONG_VERSION);
    text << "the library " << name << " speaks version " << i64(CROTON_AOT_VERSION)
         << " of croton's C interface, its caller version " << i64(version);
    done(text, CROTON_AOT_VERSION, version, kNowhere);
    return CROTON_AOT_WRONG_VERSION;
  }
  const char* hidden = getenv("CROTON_CPU");
  const i32 limit = hidden && *hidden ? level_named(hidden) : 4;
  const i32 own = cpu_level(), level = own < limit ? own : limit;
  for (i32 i = 0; i < count; ++i)
    if (variants[i].level <= level) {
      *library = &variants[i].library;
      return CROTON_AOT_OK;
    }
  Text text = begin(error, CROTON_AOT_WRONG_CPU);
  text << "the library " << name << " needs a CPU of at least "
       << variants[count - 1].library.target << "; ";
  if (limit == 0)
    text << "CROTON_CPU names no level: " << hidden;
  else if (level == 1)
    text << "this one is x86-64";
  else
    text << "this one is x86-64-v" << i64(level);
  done(text, variants[count - 1].level, level, kNowhere);
  return CROTON_AOT_WRONG_CPU;
}
