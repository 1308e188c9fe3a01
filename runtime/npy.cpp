#include "runtime/npy.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "ir/error.hpp"
#include "runtime/file.hpp"

namespace croton {
namespace {

constexpr std::string_view kMagic{"\x93NUMPY", 6};
constexpr std::uint64_t kDeflateRatio = 1032;  // bytes from one byte, at most

[[noreturn]] void damaged(const std::string& file, const std::string& why) {
  throw UserError(fmt::format("{}: {}", file, why));
}

template <class T>
T little(std::string_view bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

template <class T>
void append(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// The value of 'key' in the header's Python dictionary.
std::string_view entry(std::string_view header, std::string_view key, const std::string& file) {
  const auto at = header.find(fmt::format("'{}':", key));
  if (at == std::string_view::npos) damaged(file, fmt::format("the .npy header has no '{}'", key));
  std::string_view rest = header.substr(at + key.size() + 3);
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  return rest;
}

struct Header {
  DType dtype;
  bool swapped, fortran;
  Extents shape;
};

Header parse_header(std::string_view text, const std::string& file) {
  Header header{};
  std::string_view descr = entry(text, "descr", file);
  if (descr.empty() || descr[0] != '\'') damaged(file, "structured arrays are not supported");
  descr = descr.substr(1, descr.find('\'', 1) - 1);
  std::string name(descr);
  header.swapped = !name.empty() && name[0] == '>';
  if (header.swapped) name[0] = '<';
  if (name.size() == 3 && (name == "<i1" || name == "<u1" || name == "<b1")) name[0] = '|';
  const auto dtype = dtype_of_numpy(name);
  if (!dtype || !is_supported(*dtype))
    damaged(file, fmt::format("the dtype '{}' is not supported", descr));
  header.dtype = *dtype;
  header.fortran = entry(text, "fortran_order", file).starts_with("True");
  std::string_view shape = entry(text, "shape", file);
  const auto close = shape.find(')');
  if (shape.empty() || shape[0] != '(' || close == std::string_view::npos)
    damaged(file, "the .npy header's shape is not a tuple");
  shape = shape.substr(1, close - 1);
  std::int64_t count = 1;
  while (!shape.empty()) {
    const auto comma = shape.find(',');
    std::string number(shape.substr(0, comma));
    std::erase(number, ' ');
    shape = comma == std::string_view::npos ? "" : shape.substr(comma + 1);
    if (number.empty()) continue;
    if (number.size() > 18 ||
        !std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; }))
      damaged(file, fmt::format("the extent '{}' is no number", number));
    header.shape.push_back(std::stoll(number));
    if (__builtin_mul_overflow(count, header.shape.back(), &count))
      damaged(file, "the shape is too large");
    if (header.shape.size() > 64) damaged(file, "the array has more than 64 axes");
  }
  return header;
}

std::string npy_bytes(const Array& array) {
  const Array packed = array.contiguous();
  std::string shape;
  for (const std::int64_t extent : packed.shape())
    shape += fmt::format("{},", extent) + (packed.rank() > 1 ? " " : "");
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}",
                                   info(packed.dtype()).numpy, shape);
  header += std::string(63 - (10 + header.size()) % 64, ' ') + "\n";
  std::string out(kMagic);
  out += '\x01';
  out += '\0';
  append(out, static_cast<std::uint16_t>(header.size()));
  out += header;
  out.append(reinterpret_cast<const char*>(packed.raw()),
             static_cast<std::size_t>(packed.count()) * size_of(packed.dtype()));
  return out;
}

std::string inflated(std::string_view data, std::size_t size, int window, const std::string& file) {
  std::string out;
  z_stream stream{};
  if (inflateInit2(&stream, window) != Z_OK) damaged(file, "inflate cannot start");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(std::min<std::size_t>(data.size(), UINT32_MAX));
  int status = Z_OK;
  char buffer[1 << 16];
  while (status == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer);
    stream.avail_out = sizeof buffer;
    status = inflate(&stream, Z_NO_FLUSH);
    out.append(buffer, sizeof buffer - stream.avail_out);
    if (out.size() > size) break;
  }
  inflateEnd(&stream);
  if (status != Z_STREAM_END) damaged(file, "its compressed data is damaged or ends early");
  return out;
}

}  // namespace

Array parse_npy(std::string_view bytes, const std::string& file) {
  if (bytes.size() < 12 || bytes.substr(0, 6) != kMagic) damaged(file, "it is no .npy file");
  const int version = bytes[6];
  if (version < 1 || version > 3)
    damaged(file, fmt::format(".npy version {} is not known", version));
  const std::size_t start = version == 1 ? 10 : 12;
  const std::size_t length =
      version == 1 ? little<std::uint16_t>(bytes, 8) : little<std::uint32_t>(bytes, 8);
  if (length > bytes.size() - start) damaged(file, "the file ends inside its header");
  const Header header = parse_header(bytes.substr(start, length), file);
  const std::string_view data = bytes.substr(start + length);
  unsigned __int128 needed = size_of(header.dtype);
  for (const std::int64_t extent : header.shape) needed *= static_cast<std::uint64_t>(extent);
  if (needed > data.size())
    damaged(file,
            fmt::format("the file holds {} bytes of data, its shape needs more", data.size()));
  Extents shape = header.shape;
  if (header.fortran) std::reverse(shape.begin(), shape.end());
  Array out = Array::uninitialized(header.dtype, shape);
  const std::size_t size = size_of(header.dtype);
  if (needed > 0) std::memcpy(out.raw(), data.data(), static_cast<std::size_t>(needed));
  if (header.swapped)
    for (std::size_t i = 0; i < static_cast<std::size_t>(needed); i += size)
      std::reverse(out.raw() + i, out.raw() + i + size);
  if (header.dtype == DType::boolean)  // any byte but 0 is true, and only 1 is a bool
    std::transform(out.raw(), out.raw() + needed, out.raw(),
                   [](std::byte b) { return std::byte{b != std::byte{0}}; });
  return header.fortran ? out.transpose().contiguous() : out;
}

Array load_npy(const std::filesystem::path& path) {
  return parse_npy(
      runtime::read_file(path, [](std::string_view start) { return start.starts_with(kMagic); }),
      path.string());
}

void save_npy(const std::filesystem::path& path, const Array& array) {
  runtime::write_file(path, npy_bytes(array));
}

NamedArrays load_npz(const std::filesystem::path& path) {
  return parse_npz(
      runtime::read_file(path, [](std::string_view start) { return start.starts_with("PK"); }),
      path.string());
}

NamedArrays parse_npz(const std::string& bytes, const std::string& file) {
  // The central directory, found from the end; member sizes above 4 GiB are in a zip64 field.
  const auto end = bytes.rfind(std::string("PK\x05\x06", 4));
  if (bytes.size() < 22 || end == std::string::npos || end + 22 > bytes.size())
    damaged(file, "it is no .npz archive");
  std::size_t at = little<std::uint32_t>(bytes, end + 16);
  const unsigned members = little<std::uint16_t>(bytes, end + 10);
  NamedArrays out;
  std::uint64_t used = 0;  // of the file, by members so far
  for (unsigned i = 0; i < members; ++i) {
    if (at + 46 > bytes.size() || bytes.compare(at, 4, "PK\x01\x02") != 0)
      damaged(file, "its directory is damaged");
    const auto method = little<std::uint16_t>(bytes, at + 10);
    const auto crc = little<std::uint32_t>(bytes, at + 16);
    std::uint64_t packed = little<std::uint32_t>(bytes, at + 20),
                  size = little<std::uint32_t>(bytes, at + 24);
    const std::size_t name_length = little<std::uint16_t>(bytes, at + 28),
                      extra = little<std::uint16_t>(bytes, at + 30),
                      comment = little<std::uint16_t>(bytes, at + 32);
    std::uint64_t local = little<std::uint32_t>(bytes, at + 42);
    if (at + 46 + name_length + extra > bytes.size()) damaged(file, "its directory is damaged");
    std::string name = bytes.substr(at + 46, name_length);
    for (std::size_t e = at + 46 + name_length; e + 4 <= at + 46 + name_length + extra;) {
      const auto id = little<std::uint16_t>(bytes, e), length = little<std::uint16_t>(bytes, e + 2);
      std::size_t field = e + 4;
      const std::size_t stop = std::min<std::size_t>(field + length, bytes.size());
      if (id == 1)
        for (std::uint64_t* value : {&size, &packed, &local})
          if (*value == 0xffffffffu && field + 8 <= stop)
            *value = little<std::uint64_t>(bytes, field), field += 8;
      e += 4u + length;
    }
    at += 46 + name_length + extra + comment;
    if (bytes.size() < 30 || local > bytes.size() - 30 ||
        bytes.compare(local, 4, "PK\x03\x04") != 0)
      damaged(file, "a member is missing: " + name);
    const std::size_t start = local + 30 + little<std::uint16_t>(bytes, local + 26) +
                              little<std::uint16_t>(bytes, local + 28);
    if (start > bytes.size() || packed > bytes.size() - start)
      damaged(file, "the member " + name + " ends early");
    // What a small file can make large: members that share their bytes, and sizes beyond deflate's
    // largest ratio.
    used += packed;
    if (used > bytes.size()) damaged(file, "its members overlap");
    if (size > packed * kDeflateRatio + kDeflateRatio)
      damaged(file, fmt::format("the member {} claims {} bytes from {}", name, size, packed));
    const std::string_view raw = std::string_view(bytes).substr(start, packed);
    if (method != 0 && method != 8)
      damaged(file, fmt::format("the member {} uses compression {}", name, method));
    const std::string data = method == 0 ? std::string(raw) : inflated(raw, size, -15, file);
    if (data.size() != size ||
        crc32_z(0, reinterpret_cast<const Bytef*>(data.data()), data.size()) != crc)
      damaged(file, "the member " + name + " is damaged");
    if (name.ends_with(".npy")) name.resize(name.size() - 4);
    out.emplace_back(name, parse_npy(data, file + ":" + name));
  }
  return out;
}

void save_npz(const std::filesystem::path& path, const NamedArrays& arrays) {
  std::set<std::string> names;
  for (const auto& [name, array] : arrays)
    if (!names.insert(name).second)
      throw UserError(fmt::format("{}: two arrays are named {}", path.string(), name));
  constexpr std::size_t kMost = 0xffff;  // of members, and of a name's bytes
  if (arrays.size() > kMost || std::any_of(names.begin(), names.end(), [](const std::string& n) {
        return n.size() + 4 > kMost;
      }))
    throw UserError(fmt::format("{}: an archive holds up to {} arrays with names of up to {} bytes",
                                path.string(), kMost, kMost - 4));
  std::string out, directory;
  for (const auto& [name, array] : arrays) {
    const std::string data = npy_bytes(array), file = name + ".npy";
    if (data.size() > 0xfffffffeu || out.size() > 0xfffffffeu)
      damaged(path.string(), "arrays above 4 GiB go into .npy files");
    const auto crc = static_cast<std::uint32_t>(
        crc32_z(0, reinterpret_cast<const Bytef*>(data.data()), data.size()));
    const auto offset = static_cast<std::uint32_t>(out.size());
    const auto common = [&](std::string& to) {
      append<std::uint16_t>(to, 20), append<std::uint16_t>(to, 0), append<std::uint16_t>(to, 0);
      append<std::uint32_t>(to, 0x00210000), append(to, crc);
      append(to, static_cast<std::uint32_t>(data.size())),
          append(to, static_cast<std::uint32_t>(data.size()));
      append(to, static_cast<std::uint16_t>(file.size())), append<std::uint16_t>(to, 0);
    };
    out += "PK\x03\x04";
    common(out);
    out += file + data;
    directory += "PK\x01\x02";
    append<std::uint16_t>(directory, 20);
    common(directory);
    append<std::uint16_t>(directory, 0), append<std::uint16_t>(directory, 0),
        append<std::uint16_t>(directory, 0);
    append<std::uint32_t>(directory, 0), append(directory, offset);
    directory += file;
  }
  const auto start = static_cast<std::uint32_t>(out.size());
  out += directory;
  out += "PK\x05\x06";
  append<std::uint32_t>(out, 0);
  append(out, static_cast<std::uint16_t>(arrays.size())),
      append(out, static_cast<std::uint16_t>(arrays.size()));
  append(out, static_cast<std::uint32_t>(directory.size())), append(out, start);
  append<std::uint16_t>(out, 0);
  runtime::write_file(path, out);
}

Array load_idx(const std::filesystem::path& path) {
  std::string bytes = runtime::read_file(path);
  const std::string file = path.string();
  if (bytes.size() > 2 && bytes[0] == '\x1f' && bytes[1] == '\x8b')
    bytes = inflated(bytes, std::size_t{1} << 34, 31, file);
  if (bytes.size() < 4 || bytes[0] != 0 || bytes[1] != 0 || bytes[2] != 8)
    damaged(file, "it is no idx file of unsigned bytes");
  const std::size_t rank = static_cast<unsigned char>(bytes[3]);
  if (bytes.size() < 4 + 4 * rank) damaged(file, "the file ends inside its header");
  Extents shape;
  unsigned __int128 count = 1;
  for (std::size_t i = 0; i < rank; ++i) {
    shape.push_back(__builtin_bswap32(little<std::uint32_t>(bytes, 4 + 4 * i)));
    count *= static_cast<std::uint64_t>(shape.back());
    if (count > bytes.size()) damaged(file, "the file is shorter than its shape says");
  }
  if (count > bytes.size() - 4 - 4 * rank) damaged(file, "the file is shorter than its shape says");
  Array out = Array::uninitialized(DType::u8, shape);
  if (count > 0)
    std::memcpy(out.raw(), bytes.data() + 4 + 4 * rank, static_cast<std::size_t>(count));
  return out;
}

}  // namespace croton
