# What the cases of tests/boot are written in. Sourced by run, which sets $here and $top. No case is mentioned here.
#
# A case says what the guest's root contains, boots it, and says what must be true:
#   unit NAME <<END          a unit file in /etc/units, where lying there means enabled
#   file PATH [MODE] <<END   any other file          link TARGET PATH          folder PATH
#   guest <<END              a script that runs in the guest as check.service; guest/check/lib is its language
#   boot SHAPE [OPTION...]   SHAPE is disk or initramfs; OPTIONs are ci/qemu's. To the end
#   begin SHAPE [OPTION...]  the same, not waiting; then any of await, send, monitor; then `finish`
#   expect WHAT PATTERN      the console shows it (extended regex; colours and CRs are taken out)
#   refuse WHAT PATTERN      it does not        in_order WHAT PATTERN...  it shows these lines in this order
#   check WHAT COMMAND...    anything else that can be asked on the host
# Each of the latter counts; one that fails says what it wanted and goes on.

B=${B:-build}
case $B in /*) ;; *) B=$top/$B ;; esac
PITH=${PITH:-$B/x86_64/pith}
work=$B/tests/boot
PATH=$PATH:/usr/sbin:/sbin

die() { echo "$me: $*" >&2; exit 1; }

# ---- a case ------------------------------------------------------------------------------------------

case_begin() {
	name=$1 dir=$work/$1
	root=$dir/root log=$dir/console.log console=$dir/console.txt report=$dir/report.txt
	rm -rf "$dir"
	mkdir -p "$root/etc/units"
	proves=$(sed -n '1s/^# *//p' "$here/cases/$1")
	failures=$dir/failures passed=0 failed=0 scripted='' since=$(date +%s%N)
	: >"$failures"
}

case_end() {
	seconds=$(awk "BEGIN { printf \"%.1f\", ($(date +%s%N) - $since) / 1e9 }")
	if [ "$failed" = 0 ]; then
		printf 'ok   boot %-10s %s (%d checks, %s s)\n' "$name" "$proves" "$passed" "$seconds"
		# What is large is made anew from the rest.
		rm -rf "$root" "$dir"/tree* "$dir"/*.cpio "$dir"/*.img
		return 0
	fi
	# one write, so that two cases at once do not mix their lines
	printf 'FAIL boot %s: %s (%d of %d checks failed, %s s)\n%s\n    console: %s\n' "$name" "$proves" "$failed" \
		$((passed + failed)) "$seconds" "$(sed 's/^/    /' "$failures")" "$log"
	return 1
}

pass() { passed=$((passed + 1)); }

# fail WHAT LINE...
fail() {
	failed=$((failed + 1))
	echo "$1" >>"$failures"
	shift
	[ $# = 0 ] || printf '    %s\n' "$@" >>"$failures"
}

check() {
	what=$1
	shift
	if said=$("$@" 2>&1); then pass; else fail "$what" "failed: $*" "$(echo "$said" | tail -n 5)"; fi
}

# ---- what the guest's root contains --------------------------------------------------------------------

folder() { mkdir -p "$root/$1"; }

file() {
	mkdir -p "$root/$(dirname "$1")"
	cat >"$root/$1"
	chmod "${2:-644}" "$root/$1"
}

unit() { file "etc/units/$1"; }

link() {
	mkdir -p "$root/$(dirname "$2")"
	ln -s "$1" "$root/$2"
}

guest() {
	scripted=1
	file check/script
	cp "$here/guest/check/check.service" "$root/etc/units/"
}

# ---- booting -------------------------------------------------------------------------------------------

# tree: makes what the guest's root is made of, from all that was said so far
tree() {
	"$top/rootfs/image" tree "$dir/tree" --pith "$PITH" --overlay "$here/guest" --overlay "$work/client" --overlay "$root"
}

# disk_image: $dir/disk.img as it was built; a case may change it before it boots
disk_image() {
	tree
	mkdir -p "$dir/data"
	"$top/rootfs/image" disk "$dir/disk.img" "$dir/tree" --data "$dir/data"
}

# debug NUMBER REQUEST...: debugfs(8) on that partition of the disk
debug() {
	offset=$(($(partition_start "$1") * 512))
	shift
	printf '%s\n' "$@" | debugfs -w -f - "$dir/disk.img?offset=$offset" >"$dir/debugfs.txt" 2>&1
}

# make_dirty NUMBER: as after a power cut, with counts that are wrong, which e2fsck -p mends
make_dirty() {
	debug "$1" 'set_super_value state 0' 'set_super_value free_blocks_count 7' 'set_bg 0 free_blocks_count 9' 'set_bg 0 checksum calc'
}

begin() {
	shape=$1 seen=0
	shift
	case $shape in
	disk)
		[ -e "$dir/disk.img" ] || disk_image
		set -- --initrd "$work/stage1.cpio" --disk "$dir/disk.img" --append "root=/dev/vda1 ro" "$@"
		;;
	initramfs)
		tree
		"$top/rootfs/image" initramfs "$dir/tree.cpio" "$dir/tree"
		set -- --initrd "$dir/tree.cpio" "$@"
		;;
	esac
	rm -f "$dir/keys" "$dir/monitor"
	mkfifo "$dir/keys"
	: >"$log"
	"$top/ci/qemu" --kernel "$B/guest/vmlinuz" --log "$log" --exit-file "$dir/exit" --limit "${LIMIT:-60}" \
		--input "$dir/keys" --monitor "$dir/monitor" "$@" ${APPEND:+--append "$APPEND"} >/dev/null 2>"$dir/qemu.txt" &
	qemu=$!
}

# finish [STATUS]: waits for the guest's end, whose exit status must be 0 or what is said; takes in what it reported
finish() {
	wanted=${1:-0} status=0
	wait "$qemu" || status=$?
	tr -d '\r' <"$log" | sed 's/\x1b\[[0-9;]*[A-Za-z]//g' >"$console"
	tr -d '\r' <"$dir/exit" >"$report"
	[ "$status" = "$wanted" ] && pass ||
		fail 'how the guest ended' "exit status $status, wanted $wanted" "$(tail -n 6 "$dir/qemu.txt")"
	[ -z "$scripted" ] || take_report
}

boot() {
	begin "$@"
	finish
}

# The guest's own checks: "ok WHAT" or "FAIL WHAT" with what was seen in lines that begin with a blank, and "END".
take_report() {
	passed=$((passed + $(grep -c '^ok ' "$report")))
	failed=$((failed + $(grep -c '^FAIL ' "$report")))
	sed -n '/^FAIL /,/^[^ F]/{/^FAIL /p;/^ /p}' "$report" | sed 's/^FAIL //' >>"$failures"
	grep -q '^END$' "$report" || fail "the guest's script did not come to its end" "last: $(tail -n 1 "$report")"
}

# ---- while it runs -------------------------------------------------------------------------------------

# await TEXT: until the console shows it, behind what was awaited before
await() {
	while :; do
		at=$(tail -c "+$((seen + 1))" "$log" | grep -aobF -m 1 -e "$1" | head -n 1) && [ -n "$at" ] && break
		kill -0 "$qemu" 2>/dev/null || { fail "waiting for the console to show: $1" "the guest ended"; return 0; }
		sleep 0.05
	done
	seen=$((seen + ${at%%:*} + ${#1}))
	pass
}

send() { printf '%s\n' "$1" >"$dir/keys"; }

# monitor COMMAND: to QEMU
monitor() {
	perl -MIO::Socket::UNIX -e 'my $s = IO::Socket::UNIX->new($ARGV[0]) or die "$ARGV[0]: $!\n"; my $t = "";
		until ($t =~ /\(qemu\) $/) { sysread $s, $t, 4096, length $t or exit 1 }
		$s->syswrite("$ARGV[1]\n"); $t = "";
		until ($t =~ /\(qemu\) $/) { sysread $s, $t, 4096, length $t or exit 0 }' "$dir/monitor" "$1"
}

# ---- what must be true -----------------------------------------------------------------------------------

expect() {
	if grep -aqE -e "$2" "$console"; then pass; else fail "$1" "the console lacks: $2"; fi
}

refuse() {
	if shown=$(grep -aE -m 3 -e "$2" "$console"); then fail "$1" "the console shows: $shown"; else pass; fi
}

in_order() {
	what=$1 line=0
	shift
	for pattern in "$@"; do
		found=$(tail -n "+$((line + 1))" "$console" | grep -anE -m 1 -e "$pattern" | head -n 1)
		[ -n "$found" ] || { fail "$what" "the console lacks, after line $line of $console: $pattern"; return 0; }
		line=$((line + ${found%%:*}))
	done
	pass
}

partition_field() { grep '^start=' "$top/rootfs/disk/layout" | sed -n "$1s/.*$2= *\([0-9]*\),.*/\1/p"; }
partition_start() { partition_field "$1" start; }
partition_size() { partition_field "$1" size; }

# partition NUMBER: that of the disk, in a file of its own
partition() {
	dd if="$dir/disk.img" of="$dir/part$1.img" bs=512 skip="$(partition_start "$1")" count="$(partition_size "$1")" conv=sparse status=none
	echo "$dir/part$1.img"
}

# The host's e2fsck finds nothing to mend in the root and in the data.
file_systems_are_clean() {
	for number in 1 2; do
		part=$(partition $number)
		check "the host's e2fsck -fn of partition $number" e2fsck -fn "$part"
		check "partition $number was unmounted cleanly" clean_state "$part"
	done
}

clean_state() {
	state=$(dumpe2fs -h "$1" 2>/dev/null | sed -n 's/^Filesystem state: *//p')
	features=$(dumpe2fs -h "$1" 2>/dev/null | grep -c needs_recovery)
	echo "state $state, needs_recovery $features"
	[ "$state" = clean ] && [ "$features" = 0 ]
}
