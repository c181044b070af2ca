#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# xtrace-view.sh: what is shown of a recorded host and its guest, and by which option
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"

host=tests/fixtures/pair/host.dat
guest=tests/fixtures/pair/guest.dat
view() { run xtrace-view "$@"; }
count() { expect_status 0; [ "$(wc -l <"$tmp/stdout")" = "$1" ] || fail "expected $1 lines"; }
run xtrace-multi-merge -o "$tmp/m" $host $guest
expect_status 0

it 'shows time, CPU and event of one trace'
view -n 3 $host
expect_status 0
expect_stderr ''
expect_stdout '1795423414.800009454 3 SCHED_WAKING [156]
1795423414.800054718 3 KVM_ENTER_VM_PID [157 vcpu 1]
1795423414.801068228 3 KVM_EXIT_VM_PID [157 vcpu 1 NPF]'

it 'shows the host as well where there are several, and every event once'
view --no-pager "$tmp/m"
count 25066
expect_stdout_like '^[0-9]{10}\.[0-9]{9} host 3 KVM_ENTER_VM_PID \[157 vcpu 1\]$' \
	'^[0-9]{10}\.[0-9]{9} guest 0 FILE_OPEN \[3\]$' \
	'^[0-9]{10}\.[0-9]{9} host 2 INTERRUPT_ENTER \[apic_timer\]$'
sort -s -c -k 1,1 "$tmp/stdout" || fail 'not in the order of times'
view -n 1 $host $guest
expect_stdout '1795423414.800009454 host 3 SCHED_WAKING [156]'

it 'shows the fields that are asked for'
view -f time,pid,comm,delta,raw -e kvm_exit -n 2 $host
expect_stdout '1795423414.801068228 157 qemu-system-x86 +0.000000000 kvm:kvm_exit [exit_reason=1024 guest_rip=18446744071928301289 isa=2 info1=4294967310 info2=4273958912 intr_info=2830 error_code=0 vcpu_id=1]
1795423414.801357167 157 qemu-system-x86 +0.000288939 kvm:kvm_exit [exit_reason=120 guest_rip=18446744071933629162 isa=2 info1=0 info2=0 intr_info=0 error_code=0 vcpu_id=1]'
view -f event -f host,buffer -n 1 $host
expect_stdout 'SCHED_WAKING [156] host -'

it 'writes times as the time of day, as UTC, from the begin, and raw'
view --time utc -n 1 $host
expect_stdout '2026-11-23T08:43:34.800009454Z 3 SCHED_WAKING [156]'
view --time rel -n 2 $host
expect_stdout '0.000000000 3 SCHED_WAKING [156]
0.000045264 3 KVM_ENTER_VM_PID [157 vcpu 1]'
view --time raw -n 1 $host
expect_stdout '1795423414800009454 3 SCHED_WAKING [156]'

it 'takes our names, their short forms, names and globs of tracefs, groups; several at once'
for words in KVM_EXIT_VM_PID KVM_EXIT kvm_exit kvm:kvm_ex* 'kvm_exit,kvm:kvm_exit'; do
	view -e "$words" $host
	count 1175
done
view -e KVM_ENTER -e KVM_EXIT $host
count 2351
view -e kvm -x KVM_ENTER,KVM_HOST_HC_EXIT -x kvm_hypercall $host
count 1175
view -e FILE_OPEN "$tmp/m"
count 10

it 'chooses CPUs, hosts and tasks'
view -c 0,2-3 -e kvm_exit $host
count 967
view -H 'g*' -c 1 -x 'FILE_*' "$tmp/m"
count 1980
view -H guest -e FILE_OPEN,FILE_READ,FILE_WRITE -c 1 "$tmp/m"
count 21
view -p 157 -e KVM_EXIT,KVM_ENTER $host
count 1403
view -p 156,157 -e kvm_exit $host
count 1175

it 'shows of other tasks nothing, derived lines neither'
view -p 1 $host
count 0

it 'begins and ends at times'
view --from +300ms --to +300.2ms $host
expect_stdout '1795423415.100152996 2 KVM_EXIT_VM_PID [156 vcpu 0 MSR]
1795423415.100168735 2 HRTIMER_START [0xffff8e46c1193910]
1795423415.100206285 2 KVM_ENTER_VM_PID [156 vcpu 0]'
view --from 1795423415.134222348 --to 1795423415.134222348 $host
expect_stdout '1795423415.134222348 3 KVM_HOST_HC_ENTER [0x4b475331 0x0 0x1111 0x2222 0x3333]'
view --time utc --from 2026-11-23T08:43:35.134222348Z -n 1 $host
expect_stdout '2026-11-23T08:43:35.134222348Z 3 KVM_HOST_HC_ENTER [0x4b475331 0x0 0x1111 0x2222 0x3333]'
view --from 5 --to 3 $host
expect_status 2

it 'shows the last events'
view -e kvm_hypercall $host
tail -n 2 "$tmp/stdout" >"$tmp/last"
view -e kvm_hypercall --tail 2 $host
expect_stdout "$(cat "$tmp/last")"

it 'derives the end of a hypercall from the next entry of its vCPU'
view -e KVM_HOST_HC_ENTER,KVM_HOST_HC_EXIT -n 2 $host
expect_stdout '1795423415.134222348 3 KVM_HOST_HC_ENTER [0x4b475331 0x0 0x1111 0x2222 0x3333]
1795423415.134265328 3 KVM_HOST_HC_EXIT [0x4b475331 derived]'

it 'writes JSON with each argument by its name'
view --json -n 1 -e kvm_exit $host
expect_stdout '{"time":"1795423414.801068228","time_ns":1795423414801068228,"host":"host","cpu":3,"pid":157,"comm":"qemu-system-x86","event":"KVM_EXIT_VM_PID","tracepoint":"kvm:kvm_exit","args":{"vm":157,"vcpu":1,"reason":"NPF"}}'
view --json -n 1 -e sched_switch $host
expect_stdout_like '"args":\{"prev_comm":"swapper/0","prev_pid":0,"prev_state":"R","next_comm":"qemu-system-x86","next_pid":152\}'
view --format json "$tmp/m"
count 25066

it 'writes CSV with a head'
view --format csv -n 2 -e sched_switch,kvm_exit $host
expect_stdout 'time,host,cpu,pid,comm,event,args
1795423414.801068228,host,3,157,qemu-system-x86,KVM_EXIT_VM_PID,157 vcpu 1 NPF
1795423414.801304694,host,0,0,<idle>,SCHED_SWITCH,swapper/0 0 R -> qemu-system-x86 152'

it 'counts by event and CPU, and says how the clocks were found'
view --stat "$tmp/m"
expect_status 0
expect_stdout_like '^KVM_EXIT_VM_PID +kvm:kvm_exit +1175 +[0-9.]+$' \
	'^host +- +3 +6089 +[0-9.]+ +0 +0$' \
	'^guest +guest.dat +windows +-136907475 +19410 +0 +3849 +0 +0$'
view --stat --json -e kvm_exit $host
expect_stdout_like '"event":"KVM_EXIT_VM_PID","tracepoint":"kvm:kvm_exit","count":1175'

it 'shows lines of which an expression is true'
view --where 'event == KVM_EXIT and reason == "HLT" and host == "host"' "$tmp/m"
count 366
view --stat --where 'event == KVM_EXIT and reason == "HLT"' "$tmp/m"
expect_stdout_like '^KVM_EXIT_VM_PID +kvm:kvm_exit +366 '
view -w 'event == FILE_OPEN and fd == 3' -n 1 "$tmp/m"
expect_stdout '1795423415.140941437 guest 0 FILE_OPEN [3]'
view -w 'comm =~ "qemu*" and (event == SCHED_SWITCH or event == SCHED_WAKING) and not cpu == 3' \
	-f cpu,comm,event -n 2 $host
expect_status 0
expect_stdout_like '^[012] qemu-system-x86 SCHED_(SWITCH|WAKING) '

it 'knows vCPUs by the merge where no trace names them'
view -c 1 -H guest "$tmp/m"
cp "$tmp/stdout" "$tmp/cpu1"
view -w 'vcpu == 1' -c 1 -H guest "$tmp/m"
cmp -s "$tmp/cpu1" "$tmp/stdout" || fail 'not all of the CPU of the guest'
view -p 157 -H host "$tmp/m"
grep -v LOST "$tmp/stdout" >"$tmp/thread"
view -w 'vcpu == 1' -H host "$tmp/m"
cmp -s "$tmp/thread" "$tmp/stdout" || fail 'not all of the thread on the host'
view -w 'vm == 157' -H host "$tmp/m"
cmp -s "$tmp/thread" "$tmp/stdout" || fail 'not all of what is shown as the VM'
view -w 'vm == guest and vcpu == 0' -H guest "$tmp/m"
count 1871

it 'knows a VM by the name that its host has, not by a label beside it'
xtrace-multi-merge -o "$tmp/named" --label other=tests/fixtures/demo/xtrace-vm \
	tests/fixtures/demo/xtrace-host >"$tmp/merge.log" 2>&1 || fail "$(cat "$tmp/merge.log")"
view -w 'vm == vm1' -n 1 "$tmp/named"
expect_status 0
count 1
view -w 'vm == other' "$tmp/named"
expect_status 1
expect_stderr_like 'no VM "other"; one is vm1'

it 'points at the column of what is wrong with it'
view -w 'event == KVM_EXIT and reason == "HTL"' $host
expect_status 1
expect_stdout ''
expect_stderr 'xtrace-view: --where: column 33: "HTL" is no reason; did you mean HLT?
  event == KVM_EXIT and reason == "HTL"
                                  ^'
view -w 'event = KVM_EXIT' $host
expect_status 2
expect_stderr "xtrace-view: --where: column 7: expected ==, found =
  event = KVM_EXIT
        ^
Try 'xtrace-view --help'."

# What grep does with the lines of the whole.
view -x KVM_HOST_HC_EXIT $host
cp "$tmp/stdout" "$tmp/all"
context() {
	grep "$@" -e KVM_HOST_HC_ENTER "$tmp/all" >"$tmp/grep"
	view -x KVM_HOST_HC_EXIT -w 'event == kvm_hypercall' "$@" $host
	cmp -s "$tmp/grep" "$tmp/stdout" || fail "not what grep $* shows"
}

it 'shows what comes before and behind a match, as grep does'
context -A 3
context -B 4
context -A 2 -B 20
context -B 100000

it 'shows all that happened within a time around a match'
view -w 'event == kvm_hypercall' -x ftrace:bprint --around 50us -n 1 $host
expect_stdout '1795423415.134193425 3 KVM_EXIT_VM_PID [157 vcpu 1 VMMCALL]
1795423415.134222348 3 KVM_HOST_HC_ENTER [0x4b475331 0x0 0x1111 0x2222 0x3333]
1795423415.134265328 3 KVM_HOST_HC_EXIT [0x4b475331 derived]
1795423415.134265328 3 KVM_ENTER_VM_PID [157 vcpu 1]'
view -w 'event == kvm_hypercall' -x ftrace:bprint -B 1 --tail 1 $host
expect_stdout '1795423415.135088784 3 KVM_EXIT_VM_PID [157 vcpu 1 VMMCALL]
1795423415.135098703 3 KVM_HOST_HC_ENTER [0x4b475331 0x4 0x1111 0x2222 0x3333]'

it 'shows what stands between two events, again and again'
view --begin 'event == KVM_HOST_HC_ENTER' --end 'event == KVM_HOST_HC_EXIT' -n 5 \
	-e KVM_ENTER,KVM_HOST_HC_ENTER,KVM_HOST_HC_EXIT $host
expect_stdout '1795423415.134222348 3 KVM_HOST_HC_ENTER [0x4b475331 0x0 0x1111 0x2222 0x3333]
1795423415.134265328 3 KVM_HOST_HC_EXIT [0x4b475331 derived]
1795423415.134265328 3 KVM_ENTER_VM_PID [157 vcpu 1]
--
1795423415.134866490 3 KVM_HOST_HC_ENTER [0x4b475331 0x1 0x1111 0x2222 0x3333]
1795423415.134899852 3 KVM_HOST_HC_EXIT [0x4b475331 derived]
1795423415.134899852 3 KVM_ENTER_VM_PID [157 vcpu 1]
--
1795423415.134955997 3 KVM_HOST_HC_ENTER [0x4b475331 0x2 0x1111 0x2222 0x3333]'
view --end 'event == kvm_hypercall' $host
tail -n 1 "$tmp/stdout" >"$tmp/last"
expect_like "$tmp/last" KVM_HOST_HC_ENTER

it 'follows a trace that is complete to its end, and ends'
view -F $host
count 21194

for context in '-B 3 -A 2' '--around 20us' '-A 1 -n 2'; do
	# shellcheck disable=SC2086
	view --where 'event == kvm_hypercall' $context $host
	cp "$tmp/stdout" "$tmp/whole"
	# shellcheck disable=SC2086
	view -F --where 'event == kvm_hypercall' $context $host
	cmp -s "$tmp/whole" "$tmp/stdout" || fail "-F $context shows something else"
done

it 'says what was expected, with near matches'
expect_wrong_usage xtrace-view 'counts a whole trace: --follow' -F --stat $host
expect_wrong_usage xtrace-view 'no field "evnt"; did you mean event' -f evnt $host
expect_wrong_usage xtrace-view 'stands there twice' -f cpu,cpu $host
expect_wrong_usage xtrace-view 'expected a number, found "x"' -p x $host
for option in --pid --event --exclude --host --fields; do
	expect_wrong_usage xtrace-view "$option: \"\" names nothing" "$option" '' $host
done
expect_wrong_usage xtrace-view '--pid: "," names nothing' -p 1 -p , $host
expect_wrong_usage xtrace-view '--cpu: ' -c 3-1 $host
expect_wrong_usage xtrace-view '--from: "soon" is no time: expected' --from soon $host
expect_wrong_usage xtrace-view '--to: "[+]soon" is no time: expected' --to +soon $host
expect_wrong_usage xtrace-view 'exclude each other' -n 1 --tail 1 $host
expect_wrong_usage xtrace-view 'expected --where EXPR' -A 3 $host
expect_wrong_usage xtrace-view 'do not go with it' --stat -n 3 $host
expect_wrong_usage xtrace-view 'text or json, not csv' --stat --format csv $host
expect_wrong_usage xtrace-view 'exclude each other' --json --format csv $host
expect_wrong_usage xtrace-view 'belong to --format ftrace' --nano $host
expect_wrong_usage xtrace-view 'expected .*found no argument'
# refuses REGEX OPTION VALUE
refuses() {
	view "$2" "$3" $host
	expect_status 1
	expect_stdout ''
	expect_stderr_like "^xtrace-view: .*$1"
}
refuses 'did you mean kvm_exit' -e KVM_EXITT
refuses 'did you mean SCHED_SWITCH or sched_switch\?$' -e sched_swich,irq
refuses 'no host "hots"; did you mean host' -H hots
refuses 'no CPU 99' -c 99

it 'refuses what is no trace'
view "$tmp/none"
expect_status 1
expect_stderr "xtrace-view: $tmp/none: cannot open the trace: No such file or directory"
view /dev/null
expect_status 1
expect_stderr_like 'neither a directory of xtrace-run nor a trace.dat'

it 'ends without a word when its reader goes'
xtrace-view "$tmp/m" 2>"$tmp/stderr" | head -n 1 >/dev/null
[ "${PIPESTATUS[0]}" = 141 ] || fail 'not the status of a broken pipe'
expect_stderr ''

it 'fails when the output cannot be written'
[ -e /dev/full ] && { xtrace-view $host >/dev/full 2>"$tmp/stderr"; status=$?; expect_status 1; }

# on_terminal ARG...: what a person would see, without a pager's own doing
on_terminal() { script -qec "xtrace-view $* $host" /dev/null </dev/null | tr -d '\r' >"$tmp/stdout"; }
if command -v script >/dev/null; then
	it 'is coloured on a terminal, unless NO_COLOR is set, and never elsewhere'
	coloured=$(printf '1795423414.801068228 3 \033[36mKVM_EXIT_VM_PID\033[0m [157 vcpu 1 NPF]')
	NO_COLOR=''
	on_terminal --no-pager -e kvm_exit -n 1
	expect_stdout "$coloured"
	unset NO_COLOR
	on_terminal --no-pager -e kvm_exit -n 1
	expect_stdout "$coloured"
	view -e kvm_exit -n 1 $host
	expect_stdout '1795423414.801068228 3 KVM_EXIT_VM_PID [157 vcpu 1 NPF]'
	export NO_COLOR=1
	on_terminal --no-pager -e kvm_exit -n 1
	expect_stdout '1795423414.801068228 3 KVM_EXIT_VM_PID [157 vcpu 1 NPF]'

	it 'goes through the pager on a terminal'
	PAGER='sed s/^/paged:/' on_terminal -e kvm_exit -n 1
	expect_stdout 'paged:1795423414.801068228 3 KVM_EXIT_VM_PID [157 vcpu 1 NPF]'
	PAGER='head -n 1' on_terminal -e kvm_exit
	count 1
	PAGER=no-such-pager on_terminal -e kvm_exit -n 1
	expect_stdout_like '^xtrace-view: PAGER: expected a command that runs, found "no-such-pager"'
fi

events=/sys/kernel/tracing/events
[ -r $events/timer/timer_start/format ] && command -v python3 >/dev/null || exit 0
it 'compares a function with its distance where the value has one'
mkdir "$tmp/few"
(cd $events && cp --parents header_* timer/timer_start/format "$tmp/few") || fail 'no formats'
python3 tests/tools/make-trace.py -n 60 -s 1 "$tmp/few" "$tmp/made.dat" >"$tmp/made" 2>&1 ||
	fail "$(cat "$tmp/made")"
run xtrace-view --json "$tmp/made.dat"
function=$(sed -n 's/.*"function":"\([^"]*+0x[0-9a-f]*\)".*/\1/p' "$tmp/stdout" | sort | uniq -c |
	sort -rn | awk '{ print $2; exit }')
shown=$(grep -cF "\"function\":\"$function\"" "$tmp/stdout")
nearby=$(grep -c "\"function\":\"${function%+*}[+\"]" "$tmp/stdout")
matches() { xtrace-view -w "$1" "$tmp/made.dat" | wc -l; }
[ "$shown" -gt 0 ] && [ "$(matches "function == \"$function\"")" = "$shown" ] ||
	fail "$function is shown $shown times"
[ "$(matches "function =~ \"${function%+*}+*\"")" -ge "$shown" ] || fail 'not like a glob of it'
[ "$(matches "function == ${function%+*}")" = "$nearby" ] || fail 'not by its name alone'
