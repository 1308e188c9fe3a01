#!/usr/bin/env bash
# croton run --cases: answers, their order, and what a broken line, a hanging and a dying case do to the others;
# croton run on shared variables, gradients and archives.
source "$(dirname "$0")/common.sh"
cd "$work" || exit 1

# answers PATTERN...: line i of the file `answers` holds pattern i.
answers() {
  local number=0 pattern
  for pattern in "$@"; do
    number=$((number + 1))
    if ! sed -n ${number}p answers | grep -qF -- "$pattern"; then
      echo "FAILED: answer $number lacks $pattern: $(sed -n ${number}p answers)"
      failed=1
    fi
  done
}

# ---- one program: names, archives, shared variables, gradients
cat >model.ctir <<'TEXT'
ctir 1
module @model : tensor {
  %x = input {name = "x"} : f64[n]
  %total = shared {name = "total"} : f64[]
  %y = mul(%x, %x)
  %s = sum(%y) {axes = [0]}
  %new = add(%total, %s)
  input %x
  output %y, %s
  update %total = %new
}
TEXT
cat >numbers.ctir <<'TEXT'
ctir 1
module @numbers : tensor {
  %x = iota {dtype = f64, shape = [4], axis = 0}
  %total = constant {value = f64 100, shape = []}
  %w = neg(%x)
  output %x, %total, %w
}
TEXT
expect 0 "x : f64[4]" "$croton" run numbers.ctir
expect 0 "" "$croton" run numbers.ctir --output numbers.npz
expect 0 "" "$croton" run numbers.ctir --output w=w.npy
expect 1 "the shared variable total : f64[] has no value; it takes one as an input does" "$croton" run model.ctir --input x=numbers.npz
expect 0 "128" "$croton" run model.ctir --input x=numbers.npz --input total=numbers.npz --repeat 2 --check
expect 0 "within the reference" "$croton" run model.ctir --input x=numbers.npz --input total=random --check
expect 0 "grad x : f64[4]" "$croton" run model.ctir --input x=w.npy --input total=numbers.npz --cotangent s=1 --cotangent y=numbers.npz:w
expect 0 "\"grad x\"" "$croton" run model.ctir --dim n=3 --input total=numbers.npz --cotangent s=1 --wrt x --json
expect 0 "\"kernels_from_cache\": 0" "$croton" run model.ctir --dim n=3 --input total=numbers.npz --json --cache cold
expect 0 "\"kernels_from_cache\": 0" "$croton" run model.ctir --dim n=3 --input total=numbers.npz --json --cache off
expect 0 "within the reference's bounds" "$croton" run model.ctir --dim n=3 --input total=numbers.npz --check --passes canonicalize --cache off
expect 0 "within the reference's bounds" "$croton" run model.ctir --dim n=3 --input total=numbers.npz --check --passes "" --threads 1
cat >"$work/open.ctir" <<'TEXT'
ctir 1
module @open : tensor {
  %x = input {name = "x"} : f32[n]
  %0 = exp(%x) : f32[n]
  %1 = sub(%0, %0) : f32[n]
  %y = log(%1) : f32[n]
  input %x
  output %y
}
TEXT
expect 0 "nothing is shown; the reference determines none of its 3 elements" "$croton" run "$work/open.ctir" --dim n=3 --check
expect 1 "several outputs are real, so a gradient needs cotangents, such as y=1" "$croton" run model.ctir --dim n=3 --input total=numbers.npz --grad
expect 1 "has no output z; there are y, s" "$croton" run model.ctir --dim n=3 --input total=numbers.npz --cotangent z=1
expect 1 "no input or shared variable totl to differentiate; did you mean \"total\"?" "$croton" run model.ctir --dim n=3 --input total=numbers.npz --cotangent s=1 --wrt totl
expect 1 "numbers.npz has no array xx; did you mean \"x\"?" "$croton" run model.ctir --input x=numbers.npz:xx
expect 1 "unknown pass fusse" "$croton" run model.ctir --dim n=3 --passes fusse
expect 1 "--cache is off, cold or warm, not hot" "$croton" run model.ctir --cache hot
expect 1 "an extent is a number from 0" "$croton" run model.ctir --dim n=-3 --input total=numbers.npz
expect 1 "--repeat 0" "$croton" run model.ctir --repeat 0
expect 1 "run needs a .ctir file or --cases" "$croton" run
expect 1 "are said by each case" "$croton" run --cases cases.jsonl --grad
write_softmax soft.ctir
expect 1 "softmax is a composition, which specialize expands" "$croton" run soft.ctir --dim n=3 --passes canonicalize

# ---- cases: broken lines do not stop the others, answers keep the order
head -c 300 numbers.npz >damaged.npz
mkdir folder
cp soft.ctir folder/
cp numbers.npz folder/in.npz
cat >folder/cases.jsonl <<TEXT
{"id": "relative", "program": "soft.ctir", "inputs": "in.npz", "out": "out.npz"}
{"id": "absolute", "program": "$work/soft.ctir", "inputs": "$work/numbers.npz", "timeout_s": 50}
{"id": "cut", "program":

{"program": "soft.ctir", "inputs": "in.npz"}
{"id": "typo", "prgram": "soft.ctir"}
{"id": "relative", "program": "soft.ctir", "inputs": "in.npz"}
{"id": "same file", "program": "soft.ctir", "inputs": "in.npz", "out": "../folder/out.npz"}
{"id": "nan", "program": "soft.ctir", "inputs": "in.npz", "tolerance": {"rtol": NaN}}
{"id": "negative", "program": "soft.ctir", "inputs": "in.npz", "tolerance": {"rtol": -1}}
{"id": "list", "program": "soft.ctir", "inputs": "in.npz", "wrt": "x"}
[1, 2]
{"id": "none", "program": "soft.ctir", "inputs": "none.npz"}
{"id": "damaged", "program": "soft.ctir", "inputs": "../damaged.npz"}
{"id": "no program", "program": "none.ctir", "inputs": "in.npz"}
{"id": "wrong", "program": "soft.ctir", "inputs": "in.npz", "expected": "in.npz"}
{"id": 17, "program": "soft.ctir", "inputs": "in.npz", "expect_error": "anything"}
{"id": "other error", "program": "soft.ctir", "expect_error": "anything"}
{"id": "expected", "program": "soft.ctir", "expect_error": {"kind": "user", "message": "the input x : f64[n] is not given"}}
{"id": "text", "program": "ctir 1\nmodule @t : tensor {\n  %y = constant {value = f64 2, shape = []}\n  output %y\n}"}
TEXT
"$croton" run --cases folder/cases.jsonl --jobs 2 >answers 2>summary
[ $? -eq 1 ] || { echo "FAILED: exit code of failing cases"; failed=1; }
answers '"id":"relative","line":1,' '"id":"absolute","line":2,' \
  'folder/cases.jsonl:3: no JSON' 'folder/cases.jsonl:5: the case has no \"id\"' \
  'folder/cases.jsonl:6: unknown field \"prgram\"; did you mean \"program\"?' \
  'folder/cases.jsonl:7: the id \"relative\" is that of line 1' 'folder/cases.jsonl:8: the file of \"out\" is that of line 1' \
  'folder/cases.jsonl:9: no JSON' '\"tolerance\" must be an object with rtol and atol, not negative' '\"wrt\" must be a list of names' \
  'folder/cases.jsonl:12: a case is an object' 'cannot read folder/none.npz: No such file or directory' 'damaged.npz' 'cannot read folder/none.ctir' \
  'has no output total; there are y' 'expected an error, there was none' \
  'expected the error anything, not' '"status":"ok"' '"status":"ok"'
grep -qF "19 cases: 4 ok, 2 mismatches, 13 errors" summary || { echo "FAILED: $(cat summary)"; failed=1; }
expect 1 "--output y=y.npy: there is no output y" "$croton" run numbers.ctir --output y=y.npy
printf '{"id": 1, "program": "soft.ctir", "inputs": "in.npz", "expected": "out.npz", "tolerance": {"rtol": 0, "atol": 0}}\n' >folder/again.jsonl
expect 0 '"status":"ok"' "$croton" run --cases folder/again.jsonl --check --cache cold
(cd folder && expect 0 '"id":1' "$croton" run --cases - <again.jsonl)
: >empty.jsonl
expect 1 "empty.jsonl holds no case" "$croton" run --cases empty.jsonl
expect 1 "cannot read none.jsonl" "$croton" run --cases none.jsonl
expect 1 "cannot read folder" "$croton" run --cases folder
"$croton" run --cases folder/again.jsonl >/dev/full 2>log
grep -qF "the answers cannot be written to standard output" log || { echo "FAILED: a full disk: $(cat log)"; failed=1; }

# ---- a mismatch names the worst place and both values
cat >worst.ctir <<'TEXT'
ctir 1
module @worst : tensor {
  %x = input {name = "x"} : f64[n]
  %w = add(%x, %x)
  input %x
  output %w
}
TEXT
printf '{"id": "worst", "program": "worst.ctir", "inputs": "numbers.npz", "expected": "w.npz"}\n' >worst.jsonl
"$croton" run numbers.ctir --output w=w.npy >/dev/null
cat >archive.ctir <<'TEXT'
ctir 1
module @archive : tensor {
  %x = input {name = "x"} : f64[n]
  %w = neg(%x)
  input %x
  output %w
}
TEXT
"$croton" run archive.ctir --input x=numbers.npz --output w.npz
"$croton" run --cases worst.jsonl >answers 2>/dev/null
answers '"actual":6.0,"count":4,"expected":-3.0,"id":"worst","index":[3],"line":1,"message":"w: 3 of 4 elements differ; the worst, [3], is 6.0 instead of -3.0","output":"w","outside":3,'

# ---- kinds that are not the user's: a compiler that is not there, a pass that fails
broken='ctir 1\nmodule @broken : grouped {\n  %x = input {name = \"x\"} : f64[n, 3]\n  %y = input {name = \"y\"} : f64[3, 2]\n  %0 = contract(%x, %y) {a = [0, 2], b = [2, 1], out = [0, 1]}\n  %h = tanh(%0)\n  input %x, %y\n  output %h\n  group @broken_tanh elementwise [n, 2] : %h -> %h\n}'
cat >products.ctir <<'TEXT'
ctir 1
module @products : tensor {
  %x = iota {dtype = f64, shape = [4, 3], axis = 0}
  %y = iota {dtype = f64, shape = [3, 2], axis = 1}
  output %x, %y
}
TEXT
"$croton" run products.ctir --output products.npz
cat >kinds.jsonl <<TEXT
{"id": "internal", "program": "$broken", "inputs": "products.npz"}
{"id": "internal, expected", "program": "$broken", "inputs": "products.npz", "expect_error": {"kind": "internal", "message": "the pass lower failed"}}
{"id": "internal, not the user's", "program": "$broken", "inputs": "products.npz", "expect_error": {"kind": "user"}}
{"id": "after", "program": "soft.ctir", "inputs": "numbers.npz"}
TEXT
TMPDIR=$work "$croton" run --cases kinds.jsonl --jobs 1 >answers 2>/dev/null
answers '"kind":"internal","line":1,"message":"the pass lower failed' '"line":2,' '"status":"mismatch"' '"id":"after","line":4,'
[ "$(grep -c '"status":"ok"' answers)" -eq 2 ] || { echo "FAILED: kinds: $(cat answers)"; failed=1; }
sed -n 4p kinds.jsonl >backend.jsonl
CROTON_CACHE=off CROTON_COMPILER=/nowhere "$croton" run --cases backend.jsonl >answers 2>/dev/null
answers '"kind":"backend","line":1,"message":"soft is in no cache for '

# ---- a case that hangs or dies takes no other with it
slow='ctir 1\nmodule @slow : tensor {\n  %x = input {name = \"x\"} : f64[n]\n  %i = iota {dtype = f64, shape = [400000, 1000000], axis = 1}\n  %e = sum(%x) {axes = [0]}\n  %b = broadcast(%e) {shape = [400000, 1000000], axes = []}\n  %p = mul(%i, %b)\n  %t = tan(%p)\n  %y = sum(%t) {axes = [0, 1]}\n  input %x\n  output %y\n}'
cat >hang.jsonl <<TEXT
{"id": "before", "program": "soft.ctir", "inputs": "numbers.npz"}
{"id": "hangs", "program": "$slow", "inputs": "numbers.npz", "timeout_s": 1}
{"id": "expected to hang", "program": "$slow", "inputs": "numbers.npz", "timeout_s": 1, "expect_error": {"kind": "timeout"}}
{"id": "after", "program": "soft.ctir", "inputs": "numbers.npz"}
TEXT
"$croton" run --cases hang.jsonl --jobs 1 >answers 2>/dev/null
answers '"status":"ok"' '"kind":"timeout","line":2,"message":"it took more than 1 s"' '"id":"expected to hang","line":3,"status":"ok"' '"id":"after"'
sed -i '3d; s/"timeout_s": 1/"timeout_s": 100/' hang.jsonl
# In a sanitized build the signal would be AddressSanitizer's to report.
ASAN_OPTIONS=handle_segv=0 "$croton" run --cases hang.jsonl --jobs 1 >answers 2>/dev/null &
supervisor=$!
for _ in $(seq 100); do
  [ "$(wc -l <answers)" -eq 1 ] && break
  sleep 0.1
done
sleep 0.2
kill -SEGV "$(pgrep -P $supervisor)"
wait $supervisor
answers '"status":"ok"' '"kind":"crash","line":2,"message":"the process died of signal 11' '"id":"after","line":3,'
sed -n 3p answers | grep -qF '"status":"ok"' || { echo "FAILED: the case after the crash"; failed=1; }
exit $failed
