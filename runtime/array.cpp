#include "runtime/array.hpp"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <ostream>

#include "ir/error.hpp"
#include "runtime/fault_injection.hpp"

namespace croton {
namespace {

constexpr std::size_t kLarge = std::size_t{4} << 20, kHuge = std::size_t{2} << 20;

// Modulo 2^64: where an extent is 0, the others' product may be no number, and no stride matters.
Extents row_major(const Extents& shape) {
  Extents strides(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;)
    strides[i - 1] = static_cast<std::int64_t>(static_cast<std::uint64_t>(strides[i]) *
                                               static_cast<std::uint64_t>(shape[i]));
  return strides;
}

std::int64_t product(std::span<const std::int64_t> shape) {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape)
    if (extent < 0 || __builtin_mul_overflow(count, extent, &count))
      throw UserError(fmt::format("an array cannot have the shape [{}]", fmt::join(shape, ", ")));
  return count;
}

std::shared_ptr<void> allocate(std::int64_t count, DType dtype) {
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(static_cast<std::size_t>(count), size_of(dtype), &bytes) ||
      bytes > (std::size_t{1} << 46))
    throw UserError(
        fmt::format("an array of {} {} elements does not fit memory", count, name(dtype)));
  const std::size_t alignment = bytes >= kLarge ? kHuge : 64;
  bytes = (std::max<std::size_t>(bytes, 64) + alignment - 1) / alignment * alignment;
  void* memory =
      runtime::strikes(runtime::Fault::array) ? nullptr : std::aligned_alloc(alignment, bytes);
  if (!memory) throw UserError(fmt::format("there is no memory for {} bytes", bytes));
  if (alignment == kHuge) madvise(memory, bytes, MADV_HUGEPAGE);
  return {memory, std::free};
}

// Calls visit(offset) for every element in row-major order.
template <class Visit>
void for_each_offset(const Extents& shape, const Extents& strides, Visit visit) {
  const std::int64_t count = product(shape);
  Extents index(shape.size(), 0);
  std::int64_t offset = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    visit(offset);
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      offset += strides[axis];
      if (++index[axis] < shape[axis]) break;
      offset -= shape[axis] * strides[axis];
      index[axis] = 0;
    }
  }
}

template <class T, class S>
T converted(S value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value != 0;
  } else if constexpr (std::is_floating_point_v<S> && std::is_integral_v<T>) {
    if (value != value) return 0;
    if (value <= static_cast<S>(std::numeric_limits<T>::min()))
      return std::numeric_limits<T>::min();
    if (value >= static_cast<S>(std::numeric_limits<T>::max()))
      return std::numeric_limits<T>::max();
    return static_cast<T>(value);
  } else {
    return static_cast<T>(value);
  }
}

// Philox 4x32-10: ten rounds of two 32-bit products over a 128-bit counter.
struct Philox {
  explicit Philox(std::uint64_t seed)
      : key{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)} {}
  std::uint32_t next() {
    if (used == 4) {
      std::uint32_t c[4] = {static_cast<std::uint32_t>(counter),
                            static_cast<std::uint32_t>(counter >> 32), 0, 0};
      std::uint32_t k[2] = {key[0], key[1]};
      for (int round = 0; round < 10; ++round) {
        const std::uint64_t a = std::uint64_t{0xD2511F53} * c[0],
                            b = std::uint64_t{0xCD9E8D57} * c[2];
        const std::uint32_t n0 = static_cast<std::uint32_t>(b >> 32) ^ c[1] ^ k[0];
        const std::uint32_t n2 = static_cast<std::uint32_t>(a >> 32) ^ c[3] ^ k[1];
        c[1] = static_cast<std::uint32_t>(b);
        c[3] = static_cast<std::uint32_t>(a);
        c[0] = n0;
        c[2] = n2;
        k[0] += 0x9E3779B9;
        k[1] += 0xBB67AE85;
      }
      std::copy(c, c + 4, block);
      ++counter;
      used = 0;
    }
    return block[used++];
  }
  std::uint64_t next64() {
    const std::uint64_t high = next();
    return high << 32 | next();
  }
  double unit() { return static_cast<double>(next64() >> 11) * 0x1p-53; }
  std::uint32_t key[2], block[4] = {};
  std::uint64_t counter = 0;
  int used = 4;
};

template <class Draw>
Array drawn(DType dtype, Extents shape, Draw draw) {
  Array out = Array::uninitialized(dtype, std::move(shape));
  with_type(dtype, [&](auto zero) {
    using T = decltype(zero);
    T* data = out.data<T>();
    for (std::int64_t i = 0; i < out.count(); ++i) data[i] = converted<T>(draw());
  });
  return out;
}

// Whether T has a value equal to `value`: compared in 64 bits of mantissa, which hold every value
// of every supported dtype.
template <class T, class From>
bool holds(From value) {
  static_assert(std::numeric_limits<long double>::digits >= 64);
  if (value != value) return std::is_floating_point_v<T>;
  return static_cast<long double>(converted<T>(value)) == static_cast<long double>(value);
}

template <class From>
bool holds(DType dtype, From value) {
  return with_type(dtype, [&](auto zero) { return holds<decltype(zero)>(value); });
}

void check_real(std::string_view what, DType dtype) {
  if (!is_real(dtype))
    throw UserError(fmt::format("{} draws real numbers, {} does not hold them; use integers", what,
                                name(dtype)));
}

}  // namespace

bool is_row_major(std::span<const std::int64_t> shape, std::span<const std::int64_t> strides) {
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return true;
  std::int64_t expected = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    if (shape[i] != 1 && strides[i] != expected) return false;
    expected *= shape[i];
  }
  return true;
}

ArrayView::ArrayView(DType dtype, void* data, std::vector<std::int64_t> shape,
                     std::vector<std::int64_t> strides)
    : dtype_(dtype), data_(data), shape_(std::move(shape)), strides_(std::move(strides)) {
  (void)product(shape_);
  if (strides_.empty()) strides_ = row_major(shape_);
  if (strides_.size() != shape_.size())
    throw UserError(
        fmt::format("{} strides for an array of rank {}", strides_.size(), shape_.size()));
}

ArrayView::ArrayView(const Array& array)
    : dtype_(array.dtype_),
      data_(array.data_),
      shape_(array.shape_),
      strides_(array.strides_),
      owner_(array.owner_) {
  array.check_memory();
}

std::int64_t ArrayView::count() const { return product(shape_); }

std::optional<ArrayView> ArrayView::number_as(DType dtype) const {
  if (!is_number_ || (dtype_ == DType::boolean) != (dtype == DType::boolean)) return std::nullopt;
  return with_type(dtype_, [&](auto zero) {
    decltype(zero) value;
    __builtin_memcpy(&value, number_, sizeof value);
    return with_type(dtype, [&](auto target) -> std::optional<ArrayView> {
      using T = decltype(target);
      if (!holds<T>(value)) return std::nullopt;
      return ArrayView(converted<T>(value));
    });
  });
}

Array::Array(const ArrayView& view)
    : dtype_(view.dtype()),
      shape_(view.shape().begin(), view.shape().end()),
      strides_(view.strides().begin(), view.strides().end()),
      data_(static_cast<std::byte*>(view.data())),
      owner_(view.owner()) {
  if (!data_ && view.count() > 0) throw UserError("an array was given a null pointer");
  if (!owner_) *this = data_ ? copy() : uninitialized(dtype_, shape_);
}

Array Array::uninitialized(DType dtype, Extents shape) {
  Array out;
  out.dtype_ = dtype;
  out.owner_ = allocate(product(shape), dtype);
  out.data_ = static_cast<std::byte*>(out.owner_.get());
  out.strides_ = row_major(shape);
  out.shape_ = std::move(shape);
  return out;
}

Array Array::zeros(DType dtype, Extents shape) {
  Array out = uninitialized(dtype, std::move(shape));
  std::memset(out.data_, 0, static_cast<std::size_t>(out.count()) * size_of(dtype));
  return out;
}

void Array::check_fills(std::size_t elements, const Extents& shape) {
  const bool fills = std::none_of(shape.begin(), shape.end(), [](auto e) { return e < 0; }) &&
                     product(shape) == static_cast<std::int64_t>(elements);
  if (!fills)
    throw UserError(fmt::format("Array::of: {} elements do not fill the shape [{}]", elements,
                                fmt::join(shape, ", ")));
}

Array Array::full(DType dtype, Extents shape, double value) {
  if (!is_real(dtype) && !holds(dtype, value))
    throw UserError(fmt::format("Array::full: {} does not hold {}", name(dtype), value));
  return drawn(dtype, std::move(shape), [&] { return value; });
}

Array Array::arange(DType dtype, std::int64_t count) {
  std::int64_t next = 0;
  return drawn(dtype, {count}, [&] { return next++; });
}

Array Array::eye(DType dtype, std::int64_t rows) {
  std::int64_t i = 0;
  return drawn(dtype, {rows, rows}, [&] { return i++ % (rows + 1) == 0 ? 1 : 0; });
}

Array Array::uniform(DType dtype, Extents shape, std::uint64_t seed, double low, double high) {
  check_real("uniform", dtype);
  Philox random(seed);
  return drawn(dtype, std::move(shape), [&] { return low + (high - low) * random.unit(); });
}

// Box and Muller's transform, 1958.
Array Array::normal(DType dtype, Extents shape, std::uint64_t seed, double mean, double deviation) {
  check_real("normal", dtype);
  Philox random(seed);
  return drawn(dtype, std::move(shape), [&] {
    const double radius = std::sqrt(-2 * std::log(1 - random.unit()));
    return mean + deviation * radius * std::cos(6.283185307179586 * random.unit());
  });
}

Array Array::integers(DType dtype, Extents shape, std::uint64_t seed, std::int64_t low,
                      std::int64_t high) {
  if (high <= low) throw UserError(fmt::format("integers: the range [{}, {}) is empty", low, high));
  if (!holds(dtype, low) || !holds(dtype, high - 1))
    throw UserError(fmt::format("integers: {} does not hold all of the range [{}, {})", name(dtype),
                                low, high));
  Philox random(seed);
  const auto range = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  return drawn(dtype, std::move(shape), [&] {
    const auto wide = static_cast<unsigned __int128>(random.next64()) * range;
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) +
                                     static_cast<std::uint64_t>(wide >> 64));
  });
}

void Array::swap(Array& other) noexcept {
  std::swap(dtype_, other.dtype_);
  shape_.swap(other.shape_);
  strides_.swap(other.strides_);
  std::swap(data_, other.data_);
  owner_.swap(other.owner_);
}

void Array::check_memory() const {
  if (!data_) throw UserError("the array has no elements: it was made without any, or moved from");
}

std::int64_t Array::count() const {
  check_memory();
  return product(shape_);
}

bool Array::is_contiguous() const {
  check_memory();
  return is_row_major(shape_, strides_);
}

void Array::check_dtype(DType wanted) const {
  check_memory();
  if (wanted != dtype_)
    throw UserError(fmt::format("the array holds {}, not {}; use astype({})", name(dtype_),
                                name(wanted), name(wanted)));
}

void Array::check_dtype_fits(DType wanted) const {
  if (count() != 1)
    throw UserError(fmt::format("item: the array has {} elements, shape [{}]", count(),
                                fmt::join(shape_, ", ")));
  const bool exact = with_type(dtype_, [&](auto zero) {
    const auto value = *reinterpret_cast<const decltype(zero)*>(data_);
    return holds(wanted, value);
  });
  if (!exact)
    throw UserError(
        fmt::format("item: the {} value does not fit {} exactly", name(dtype_), name(wanted)));
}

std::int64_t Array::offset_of(std::span<const std::int64_t> index) const {
  if (index.size() != shape_.size())
    throw UserError(fmt::format("{} indices for an array of rank {}", index.size(), shape_.size()));
  check_memory();
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < index.size(); ++i) {
    if (index[i] < 0 || index[i] >= shape_[i])
      throw UserError(fmt::format("index {} is out of bounds for axis {} with size {}", index[i], i,
                                  shape_[i]));
    offset += index[i] * strides_[i];
  }
  return offset;
}

Array Array::reshape(Extents shape) const {
  if (product(shape) != count())
    throw UserError(fmt::format("reshape: [{}] has {} elements, [{}] has {}",
                                fmt::join(shape_, ", "), count(), fmt::join(shape, ", "),
                                product(shape)));
  Array out = contiguous();
  out.strides_ = row_major(shape);
  out.shape_ = std::move(shape);
  return out;
}

Array Array::transpose() const {
  check_memory();
  Array out = *this;
  std::reverse(out.shape_.begin(), out.shape_.end());
  std::reverse(out.strides_.begin(), out.strides_.end());
  return out;
}

Array Array::rows(std::int64_t first, std::int64_t last) const {
  if (first < 0 || last < first)
    throw UserError(fmt::format("rows [{}, {}) are no range of rows", first, last));
  return slice(0, first, last - first);
}

Array Array::slice(int axis, std::int64_t first, std::int64_t count, std::int64_t step) const {
  const auto a = static_cast<std::size_t>(axis);
  if (axis < 0 || a >= shape_.size())
    throw UserError(fmt::format("axis {} of rank {}", axis, shape_.size()));
  check_memory();
  std::int64_t last = 0;
  const bool overflows =
      __builtin_mul_overflow(std::max<std::int64_t>(count, 1) - 1, step, &last) ||
      __builtin_add_overflow(first, last, &last);
  if (overflows || count < 0 ||
      (count > 0 && (std::min(first, last) < 0 || std::max(first, last) >= shape_[a])))
    throw UserError(
        fmt::format("slice: {} elements from {} in steps of {} leave axis {} of size {}", count,
                    first, step, axis, shape_[a]));
  Array out = *this;
  out.shape_[a] = count;
  if (out.count() == 0) return out;
  out.data_ += first * strides_[a] * static_cast<std::int64_t>(size_of(dtype_));
  if (count > 1) out.strides_[a] *= step;
  return out;
}

Array Array::contiguous() const {
  check_memory();
  return is_contiguous() ? *this : copy();
}

Array Array::copy() const {
  check_memory();
  Array out = uninitialized(dtype_, shape_);
  const std::size_t size = size_of(dtype_);
  if (is_contiguous()) {
    if (count() > 0) std::memcpy(out.data_, data_, static_cast<std::size_t>(count()) * size);
    return out;
  }
  std::byte* to = out.data_;
  for_each_offset(shape_, strides_, [&](std::int64_t offset) {
    std::memcpy(to, data_ + offset * static_cast<std::int64_t>(size), size);
    to += size;
  });
  return out;
}

Array Array::astype(DType dtype) const {
  check_memory();
  Array out = uninitialized(dtype, shape_);
  with_type(dtype_, [&](auto source) {
    with_type(dtype, [&](auto target) {
      const auto* from = reinterpret_cast<const decltype(source)*>(data_);
      auto* to = reinterpret_cast<decltype(target)*>(out.data_);
      for_each_offset(shape_, strides_, [&](std::int64_t offset) {
        *to++ = converted<decltype(target)>(from[offset]);
      });
    });
  });
  return out;
}

bool Array::same_values(const Array& other) const {
  check_memory();
  other.check_memory();
  if (dtype_ != other.dtype_ || shape_ != other.shape_) return false;
  const Array a = contiguous(), b = other.contiguous();
  return with_type(dtype_, [&](auto zero) {
    using T = decltype(zero);
    for (std::int64_t i = 0; i < a.count(); ++i) {
      const T x = reinterpret_cast<const T*>(a.data_)[i],
              y = reinterpret_cast<const T*>(b.data_)[i];
      if (x != x && y != y) continue;
      if (std::memcmp(&x, &y, sizeof(T)) != 0) return false;
    }
    return true;
  });
}

std::vector<Batch> Dataset::batches(std::int64_t rows) const {
  if (rows < 1) throw UserError(fmt::format("batches: {} rows a batch", rows));
  std::vector<Batch> out;
  for (std::int64_t first = 0; first < count(); first += rows) {
    const std::int64_t last = std::min(first + rows, count());
    out.push_back({x_.rows(first, last), y_.rows(first, last)});
  }
  return out;
}

}  // namespace croton
