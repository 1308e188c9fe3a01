# Sourced by the tests of the croton program: `expect`, `write_softmax`, `write_npz`, a scratch folder, a module.
#   tests/tool/NAME.sh PATH-OF-CROTON
set -u
# Switches of the suite reach no command here, each test sets its own; modules are verified all the same.
unset ${!CROTON_*}
export CROTON_VERIFY=1
croton=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# expect CODE PATTERN COMMAND...: the exit code, and a line of the output.
expect() {
  local code=$1 pattern=$2 output status
  shift 2
  output=$("$@" 2>&1)
  status=$?
  if [ $status -ne "$code" ] || ! grep -qF -- "$pattern" <<<"$output"; then
    echo "FAILED: $* gave $status, wanted $code and \"$pattern\":"
    echo "$output" | head -20
    failed=1
  fi
}

# write_softmax FILE: a module of one composition, x : f64[n].
write_softmax() {
  cat >"$1" <<'TEXT'
ctir 1
module @soft : tensor {
  %x = input {name = "x"} : f64[n]
  %y = softmax(%x) {axis = 0}
  input %x
  output %y
}
TEXT
}

# write_npz FILE NAME DTYPE SHAPE: an archive of one array, whose elements' bytes come from standard input.
# It is not croton's writer that makes it.
write_npz() {
  python3 -c '
import struct, sys, zipfile
file, name, dtype, shape = sys.argv[1:]
header = repr({"descr": dtype, "fortran_order": False, "shape": eval(shape)}).encode()
header += b" " * (-(len(header) + 11) % 64) + b"\n"
with zipfile.ZipFile(file, "w") as archive:
    archive.writestr(name + ".npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + sys.stdin.buffer.read())
' "$@"
}

cat >"$work/layer.ctir" <<'TEXT'
ctir 1
module @layer : tensor {
  %x = input {name = "x"} : f32[n, 30]
  %W = input {name = "W"} : f32[30, 20]
  %0 = contract(%x, %W) {a = [0, 2], b = [2, 1], out = [0, 1]}
  %h = tanh(%0)
  input %x, %W
  output %h
}
TEXT
export CROTON_CACHE_DIR=$work/cache
