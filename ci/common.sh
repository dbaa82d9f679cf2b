# What every script of ci/ and rootfs/ starts with: where the tree and the build folder are, how to fail, how to lock.
# Sourced, never run: `. "$(dirname "$0")/../ci/common.sh"`. No step of a build or a test lives here.

me=${0##*/}
top=$(cd "$(dirname "$0")" && until [ -e ci/common.sh ]; do cd ..; done && pwd)
B=${B:-build}
PATH=$PATH:/usr/sbin:/sbin
case $B in /*) ;; *) B=$top/$B ;; esac

say() { printf '%s: %s\n' "$me" "$*" >&2; }
die() { say "$@"; exit 1; }

# need_arg NUMBER-OF-ARGUMENTS OPTION: an option that wants a value has one
need_arg() { [ "$1" -ge 2 ] || die "$2 needs a value"; }

# lock NAME: one at a time, for make -j. The lock goes when the script ends, however it ends. Programs that outlive
# the script must not inherit it, so start those with 9>&-.
lock() {
	mkdir -p "$B"
	exec 9>"$B/.lock-$1"
	flock 9
}

# newer OUTPUT INPUT...: is OUTPUT there and nothing in the INPUTs newer?
newer() {
	made_=$1
	shift
	[ -e "$made_" ] && [ -z "$(find -H "$@" -newer "$made_" -print -quit 2>/dev/null)" ]
}
