// What every function written ahead of time uses; printed into its source. No header, no library
// call but memcpy, nothing that is constructed.

// ---- errors: a sentence is put together in the caller's record
struct Text {
  croton_aot_error* error;
  i64 size;

  Text& operator<<(const char* text) {
    while (error && *text && size + 1 < i64(sizeof error->text)) error->text[size++] = *text++;
    if (error) error->text[size] = 0;
    return *this;
  }
  Text& operator<<(u64 value) {
    char digits[24];
    int at = 23;
    digits[at] = 0;
    do digits[--at] = char('0' + value % 10);
    while (value /= 10);
    return *this << digits + at;
  }
  Text& operator<<(i64 value) {
    return value < 0 ? *this << "-" << 0 - u64(value) : *this << u64(value);
  }
};

// A message in which {0} stands for the first value and {u0} for the same without a sign.
inline void fill(Text& text, const char* message, const i64 (&values)[4]) {
  for (const char* at = message; *at; ++at) {
    const char letter[] = {*at, 0};
    const int bare = at[0] == '{' && at[1] == 'u' ? 1 : 0;
    if (*at == '{' && at[1 + bare] >= '0' && at[1 + bare] < '4' && at[2 + bare] == '}') {
      const i64 value = values[at[1 + bare] - '0'];
      bare ? text << u64(value) : text << value;
      at += 2 + bare;
    } else {
      text << letter;
    }
  }
}

inline Text begin(croton_aot_error* error, i32 code) {
  if (error) {
    error->code = code;
    error->argument = error->axis = -1;
    error->line = 0;
    error->wanted = error->given = 0;
    error->text[0] = 0;
  }
  return {error, 0};
}

// A place in the user's program: "model.cpp:31" and 31, or "" and 0.
struct Site {
  const char* text;
  i32 line;
};

// Which numbers disagreed, and the line that they go back to.
inline i32 done(Text text, i64 wanted, i64 given, const Site& site) {
  if (!text.error) return 0;
  text.error->wanted = wanted;
  text.error->given = given;
  text.error->line = site.line;
  if (*site.text) text << "\n  in  " << site.text;
  return text.error->code;
}

// ---- arguments
inline i64 element_bytes(i32 dtype) {
  constexpr u8 bytes[] = {1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 2, 4, 8, 8, 16};
  return bytes[dtype];
}

inline const char* dtype_name(i32 dtype) {
  constexpr const char* names[] = {"bool", "i8",  "i16",  "i32", "i64", "u8",  "u16", "u32",
                                   "u64",  "f16", "bf16", "f32", "f64", "c64", "c128"};
  return dtype >= 0 && dtype < i32(sizeof names / sizeof *names) ? names[dtype] : "no dtype";
}

inline i64 count_of(const croton_aot_array& a) {
  i64 count = 1;
  for (i32 i = 0; i < a.rank; ++i) count *= a.shape[i];
  return count;
}

constexpr Site kNowhere = {"", 0};

// A number of bytes or elements; what does not fit stays too large, whatever is done with it.
constexpr i64 kTooLarge = 0x7fffffffffffffff;
struct Size {
  i64 value;
  bool over = false;
  constexpr Size(i64 number) : value(number) {}
  constexpr Size(i64 number, bool too_large) : value(number), over(too_large) {}
  i64 bytes() const { return over ? kTooLarge : value; }
};
inline Size operator+(Size a, Size b) {
  i64 sum;
  const bool over = __builtin_add_overflow(a.value, b.value, &sum);
  return {sum, over || a.over || b.over};
}
inline Size operator-(Size a, Size b) {
  i64 difference;
  const bool over = __builtin_sub_overflow(a.value, b.value, &difference);
  return {difference, over || a.over || b.over};
}
inline Size operator-(Size a) { return Size(0) - a; }
inline Size operator*(Size a, Size b) {
  i64 product;
  const bool over = __builtin_mul_overflow(a.value, b.value, &product);
  return {product, over || a.over || b.over};
}
inline Size floordiv(Size a, Size b) { return {floordiv(a.value, b.value), a.over || b.over}; }
inline Size mod(Size a, Size b) { return {mod(a.value, b.value), a.over || b.over}; }
inline Size min(Size a, Size b) { return {min(a.value, b.value), a.over || b.over}; }
inline Size max(Size a, Size b) { return {max(a.value, b.value), a.over || b.over}; }

// One call's arguments against what the function says about them.
struct Checked {
  const croton_aot_function* function;
  const croton_aot_call* call;
  const Site* sites;  // of the arguments

  Text begin_argument(i32 code, i32 argument) const {
    Text text = begin(call->error, code);
    if (call->error) call->error->argument = argument;
    const croton_aot_argument& row = function->arguments[argument];
    return text << function->name << ": argument " << i64(argument) << ", " << row.name << " : "
                << row.type << ", ";
  }

  i32 count() const {
    if (!call) return CROTON_AOT_WRONG_POINTER;
    if (call->argument_count == function->argument_count && call->arguments) return 0;
    Text text = begin(call->error, CROTON_AOT_WRONG_COUNT);
    text << function->name << " takes " << i64(function->argument_count) << " arguments, not "
         << i64(call->arguments ? call->argument_count : 0) << ": " << function->signature;
    done(text, function->argument_count, call->argument_count, kNowhere);
    return CROTON_AOT_WRONG_COUNT;
  }

  // dtype, rank and fixed extents; with `data`, the pointer and the layout as well.
  i32 array(i32 argument, bool data) const {
    const croton_aot_argument& row = function->arguments[argument];
    const croton_aot_array& a = call->arguments[argument];
    if (a.dtype != row.dtype) {
      Text text = begin_argument(CROTON_AOT_WRONG_DTYPE, argument);
      done(text << "was given " << dtype_name(a.dtype), row.dtype, a.dtype, sites[argument]);
      return CROTON_AOT_WRONG_DTYPE;
    }
    if (a.rank != row.rank || (a.rank > 0 && !a.shape)) {
      Text text = begin_argument(CROTON_AOT_WRONG_SHAPE, argument);
      text << "was given " << i64(a.rank) << (a.rank == 1 ? " dim" : " dims")
           << (a.rank == row.rank ? " without their extents" : "");
      done(text, row.rank, a.rank, sites[argument]);
      return CROTON_AOT_WRONG_SHAPE;
    }
    for (i32 i = 0; i < a.rank; ++i)
      if (a.shape[i] < 0 || (row.extents[i] >= 0 && a.shape[i] != row.extents[i]))
        return extent(argument, i, row.extents[i], "");
    // Extents of 0 aside, as for every array: what is derived from them is a number as well.
    Size bytes = element_bytes(a.dtype);
    for (i32 i = 0; i < a.rank; ++i) bytes = bytes * (a.shape[i] == 0 ? 1 : a.shape[i]);
    if (bytes.over) {
      Text text = begin_argument(CROTON_AOT_WRONG_SHAPE, argument);
      done(text << "has more bytes than a number of 63 bits counts", 0, 0, sites[argument]);
      return CROTON_AOT_WRONG_SHAPE;
    }
    return data ? memory(argument) : 0;
  }

  i32 extent(i32 argument, i32 axis, i64 wanted, const char* dim) const {
    const i64 given = call->arguments[argument].shape[axis];
    Text text = begin_argument(CROTON_AOT_WRONG_SHAPE, argument);
    if (call->error) call->error->axis = axis;
    text << "axis " << i64(axis) << " has " << given;
    if (*dim)
      text << ", but " << dim << " is " << wanted;
    else if (given >= 0)
      text << " instead of " << wanted;
    done(text, wanted, given, sites[argument]);
    return CROTON_AOT_WRONG_SHAPE;
  }

  i32 memory(i32 argument) const {
    const croton_aot_argument& row = function->arguments[argument];
    const croton_aot_array& a = call->arguments[argument];
    const i64 count = count_of(a), over = i64(u64(a.data) % u64(row.alignment));
    if (count == 0) return 0;
    if (!a.data || over != 0) {
      Text text = begin_argument(CROTON_AOT_WRONG_POINTER, argument);
      if (!a.data)
        text << "was given a null pointer for " << count << " elements";
      else
        text << "must be aligned to " << i64(row.alignment) << " bytes, lies " << over
             << " beyond";
      done(text, row.alignment, over, sites[argument]);
      return CROTON_AOT_WRONG_POINTER;
    }
    i64 expected = 1;
    for (i32 i = a.strides ? a.rank : 0; i-- > 0;) {
      if (a.shape[i] != 1 && a.strides[i] != expected) {
        Text text = begin_argument(CROTON_AOT_WRONG_LAYOUT, argument);
        if (call->error) call->error->axis = i;
        text << "must be row-major, but the stride of axis " << i64(i) << " is " << a.strides[i]
             << " instead of " << expected;
        done(text, expected, a.strides[i], sites[argument]);
        return CROTON_AOT_WRONG_LAYOUT;
      }
      expected *= a.shape[i];
    }
    return 0;
  }

  // What is written may meet nothing else.
  i32 overlap(i32 argument) const {
    const croton_aot_array& a = call->arguments[argument];
    const u64 first = u64(a.data), end = first + u64(count_of(a) * element_bytes(a.dtype));
    for (i32 i = 0; i < function->argument_count; ++i) {
      const croton_aot_array& b = call->arguments[i];
      const u64 other = u64(b.data), other_end = other + u64(count_of(b) * element_bytes(b.dtype));
      const bool apart = first >= other_end || other >= end || first == end || other == other_end;
      if (i == argument || apart) continue;
      Text text = begin_argument(CROTON_AOT_OVERLAP, argument);
      done(text << "shares memory with " << function->arguments[i].name, 0, 0, sites[argument]);
      return CROTON_AOT_OVERLAP;
    }
    return 0;
  }
};

// A relation of dims that the graph assumed without proof.
inline i32 disagree(croton_aot_error* error, const char* function, const char* message, i64 a,
                    i64 b, const Site& site) {
  const i64 values[4] = {a, b};
  Text text = begin(error, CROTON_AOT_WRONG_SHAPE);
  text << function << ": ";
  fill(text, message, values);
  done(text, b, a, site);
  return CROTON_AOT_WRONG_SHAPE;
}

// A dim for which the function was not written.
inline i32 against_fact(croton_aot_error* error, const char* function, const char* fact,
                        const char* dim, i64 wanted, i64 given) {
  Text text = begin(error, CROTON_AOT_WRONG_SHAPE);
  text << function << ": " << dim << " is " << given << ", but " << fact << " must hold";
  done(text, wanted, given, kNowhere);
  return CROTON_AOT_WRONG_SHAPE;
}

// ---- memory: the caller's workspace, or what the allocator gives
struct Workspace {
  const croton_aot_call* call;
  void* memory;
  i64 allocated;

  i32 take(const char* function, i64 bytes) {
    allocated = 0;
    memory = call->workspace;
    const i64 over = i64(u64(memory) % 64);
    if (bytes == 0 || (memory && bytes != kTooLarge && over == 0 && call->workspace_bytes >= bytes)) return 0;
    if (call->allocator && call->allocator->allocate && call->allocator->release &&
        bytes != kTooLarge) {
      memory = call->allocator->allocate(call->allocator->context, bytes, 64);
      if (memory) {
        allocated = bytes;
        return 0;
      }
      Text text = begin(call->error, CROTON_AOT_MEMORY);
      text << function << ": the allocator has not given " << bytes << " bytes";
      done(text, bytes, 0, kNowhere);
      return CROTON_AOT_MEMORY;
    }
    Text text = begin(call->error, CROTON_AOT_WORKSPACE);
    if (bytes == kTooLarge) {
      done(text << function << " needs a workspace of more bytes than a number of 63 bits counts",
           bytes, call->workspace_bytes, kNowhere);
      return CROTON_AOT_WORKSPACE;
    }
    text << function << " needs a workspace of " << bytes << " bytes aligned to 64, was given ";
    if (!memory)
      text << "none and no allocator";
    else if (over != 0)
      text << "one that lies " << over << " bytes beyond";
    else
      text << "one of " << call->workspace_bytes;
    done(text, bytes, memory ? call->workspace_bytes : 0, kNowhere);
    return CROTON_AOT_WORKSPACE;
  }
  void release() const {
    if (allocated) call->allocator->release(call->allocator->context, memory, allocated);
  }
};

// ---- launches
using KernelEntry = void (*)(void* const* buffers, const i64* dims, i64 begin, i64 end,
                             Failure* failure);

struct Kernel {
  const char* function;
  KernelEntry entry, combine;  // combine may be null
  i64 grain;                   // iterations that stay on one thread
  const char* const* failures;  // messages by site; {0} stands for the first value, and so on
  const Site* sites;
};

struct Work {
  const Kernel* kernel;
  void* const* buffers;
  const i64* dims;
  Failure failure;
  char locked;
};

constexpr Failure kNoFailure = {0x7fffffffffffffff, 0, {}};

// The failure with the lowest index wins, whichever thread meets it.
inline void work_on(void* argument, i64 first, i64 end) {
  Work& work = *static_cast<Work*>(argument);
  Failure failure = kNoFailure;
  work.kernel->entry(work.buffers, work.dims, first, end, &failure);
  if (failure.index == kNoFailure.index) return;
  while (__atomic_test_and_set(&work.locked, __ATOMIC_ACQUIRE)) {
  }
  if (failure.index < work.failure.index) work.failure = failure;
  __atomic_clear(&work.locked, __ATOMIC_RELEASE);
}

inline i32 launch(const Kernel& kernel, void* const* buffers, const i64* dims, i64 extent,
                  const croton_aot_threads* threads, croton_aot_error* error) {
  Work work = {&kernel, buffers, dims, kNoFailure, 0};
  if (!threads || !threads->parallel_for || extent <= kernel.grain) {
    work_on(&work, 0, extent);
  } else if (threads->parallel_for(threads->context, extent, kernel.grain, work_on, &work) != 0) {
    Text text = begin(error, CROTON_AOT_THREADS);
    done(text << kernel.function << ": the thread callback failed", 0, 0, kNowhere);
    return CROTON_AOT_THREADS;
  }
  if (kernel.combine && work.failure.index == kNoFailure.index)
    kernel.combine(buffers, dims, 0, 1, &work.failure);
  if (work.failure.index == kNoFailure.index) return 0;
  Text text = begin(error, CROTON_AOT_FAILED);
  text << kernel.function << ": ";
  fill(text, kernel.failures[work.failure.site], work.failure.values);
  done(text, 0, work.failure.values[0], kernel.sites[work.failure.site]);
  return CROTON_AOT_FAILED;
}
