#!/usr/bin/env bash
# Interrupted commands leave nothing half written, in whatever moment it happens.
source "$(dirname "$0")/common.sh"
cd "$work" || exit 1
write_softmax soft.ctir
printf '\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0' | write_npz two.npz x '<f8' '(2,)'
for k in $(seq 400); do echo "{\"id\": $k, \"program\": \"soft.ctir\", \"inputs\": \"two.npz\", \"out\": \"out/$k.npz\"}"; done >cases.jsonl
python3 - "$croton" <<'PY' || failed=1
import os, pathlib, shutil, signal, subprocess, sys, time
croton = sys.argv[1]
levels = "x86-64-v2,x86-64-v3,x86-64-v4"
commands = {
    "aot": ["aot", "layer.ctir", "-o", "out", "--target", levels, "--emit", "obj,static,shared,header"],
    "precompile": ["precompile", "layer.ctir", "-o", "out", "--target", levels],
    "run": ["run", "layer.ctir", "--dim", "n=300", "--cache", "cold", "--output", "out/h.npy"],
    "dump": ["dump", "layer.ctir", "--stage", "all", "-o", "out/all"],
    "cases": ["run", "--cases", "cases.jsonl", "--cache", "cold"],
}
def left():
    """What is in the folders where nothing unfinished may stay."""
    return sorted(str(path) for folder in ("out", "cache", "temporary") for path in pathlib.Path(folder).rglob("*")
                  if ".part" in path.name or path.name.startswith((".croton", "croton-cold")))
failed = interrupted = 0
for name, command in commands.items():
    for k in range(12):
        for folder in ("out", "cache", "temporary"):
            shutil.rmtree(folder, ignore_errors=True)
            os.mkdir(folder, 0o700)
        environment = dict(os.environ, TMPDIR=os.path.abspath("temporary"), CROTON_CACHE_DIR=os.path.abspath("cache"),
                           CROTON_NVRTC="/nowhere")
        process = subprocess.Popen([croton] + command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                   start_new_session=True)
        sent = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP][k % 3]
        time.sleep(0.03 * (k + 0.2))
        # As a terminal does, to all; or as a supervisor does, to one. The answers' reader may go as well.
        (os.killpg if k % 2 else os.kill)(process.pid, sent)
        process.stdout.close()
        status = process.wait(60)
        interrupted += status == -sent
        if status not in (0, -sent, -signal.SIGPIPE) or left():
            print(f"FAILED: {name}, {sent.name}: exit {status}, left behind: {left()[:3]}")
            failed = 1
if interrupted < 20:
    print(f"FAILED: only {interrupted} commands were interrupted")
    failed = 1
# The reader of the output goes away: the command ends quietly.
process = subprocess.Popen([croton, "run", "--cases", "cases.jsonl", "--cache", "cold"], stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, env=dict(os.environ, TMPDIR=os.path.abspath("temporary")))
process.stdout.readline()
process.stdout.close()
if process.wait(60) != -signal.SIGPIPE or process.stderr.read() or left():
    print(f"FAILED: a closed pipe: exit {process.returncode}, {left()}")
    failed = 1
sys.exit(failed)
PY
# A signal that is ignored stays so.
(trap '' HUP && "$croton" run --cases cases.jsonl --cache cold >answers 2>/dev/null) &
for _ in $(seq 200); do
  [ -s answers ] && break
  sleep 0.05
done
kill -HUP "$(pgrep -P $! | head -1)" 2>/dev/null
wait $!
[ "$(grep -c '"status":"ok"' answers)" -eq 400 ] || { echo "FAILED: an ignored signal ended the cases"; failed=1; }
exit $failed
