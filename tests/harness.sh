# The harness of every tests/SUITE.test. `tests/run` sources it, then the suite; nothing else does. How a case is judged
# stands here; no case does. A case is toybox's `testing "name" "command" "stdout" "infile" "stdin"` (its runtest.sh, which
# rootfs/guest fetches), and passes if the command ends by itself, with exit status 0, having printed exactly that.
#
# runtest.sh alone compares what was printed and looks no further: a program that prints the right text and then fails
# passes. It runs a command as `$EVAL "command"`, so `judge` comes in there and adds to the output what the shell knows.
# A case that wants a failure says so in its text: "...\nexit status 3\n".
#
# A suite is given TOP, the tree; PITH, O, B as make has them, absolute; W, its own empty folder, in which it runs.

set -a                              # a command is run by a shell of its own: it sees the suite's functions and variables
LC_ALL=C.UTF-8                       # messages with arrows, lists sorted by bytes
CASE_LIMIT=${CASE_LIMIT:-60}        # seconds after which a case hangs; never what a case is judged by

judge() {
	timeout -k 5 "$CASE_LIMIT" bash -o pipefail -c "$1"
	status=$?
	case $status in
	0) ;;
	124) echo "no end within $CASE_LIMIT seconds" ;;
	12[89] | 1[3-8]? | 19[0-2]) echo "killed by SIG$(kill -l $((status - 128)))" ;;
	*) echo "exit status $status" ;;
	esac
}

EVAL=judge VERBOSE=all CMDNAME=$SUITE C=
for need in "$B/guest/runtest.sh" "$(command -v diff)" "$(command -v timeout)"; do
	[ -s "$need" ] || { echo "FAIL: $SUITE: the harness lacks $need" && exit 1; }
done
. "$B/guest/runtest.sh"

# skip "name" "reason": a case that cannot be run here is told, never left out
skip() { printf '%s\n' "$SHOWSKIP: $CMDNAME $1 ($2)"; }

# ok "name" "command": the command ends well and prints nothing; what it prints is what was wrong
ok() { testing "$1" "$2" "" "" ""; }

# host PROGRAM: builds $H/PROGRAM (tests/host.mk); a suite that cannot have it ends
H=$B/tests/host
host() { make -s -C "$TOP" -f tests/host.mk B="$B" O="$O" "$H/$1" || { echo "FAIL: $SUITE: $1 cannot be built" && exit 1; }; }

# The folder of the suite's own files: empty, and left behind for a look
W=$B/tests/$SUITE
rm -rf "$W" && mkdir -p "$W" && cd "$W" || exit 1
