#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# xtrace-latency.sh: the report on a recorded host and guest, and what is refused
# shellcheck source=tests/cmd/lib.sh
. "$(dirname "$0")/lib.sh"

host=tests/fixtures/pair/host.dat
guest=tests/fixtures/pair/guest.dat

it 'shows exits by vCPU and reason, and where their time went'
run xtrace-latency --rows 4 $host
expect_status 0
expect_stderr ''
expect_stdout_like '^[0-9]+ events in [0-9.]+ s, none lost$' \
	'^exit: vCPU out of the guest' \
	'^pid 156 +0  HLT +194 +750ms +52\.0us' \
	'^where the time outside the guest went$' \
	'^host +pid 156 +0 +779ms +60\.0ms +8% .* 660ms 85%$' \
	'^wakeup: task woken until it runs$' \
	'^\.\.\. [0-9]+ more with less time'

it 'shows of two traces whose each metric is'
run xtrace-latency -m wakeup $host $guest
expect_status 0
expect_stdout_like '^HOST +NAME' '^host +qemu-system-x86 +1054' '^guest +rcu_preempt +56'

it 'shows the metrics that are asked for and no others'
run xtrace-latency -m 'exit(MSR)' -m 'irq(apic*)' --rows 0 $host
expect_status 0
grep -qE 'HLT|wakeup|softirq:' "$tmp/stdout" && fail 'there is more than was asked for'
expect_stdout_like 'MSR +229' 'apic_timer +844'

it 'writes JSON whose exits agree with the text'
run xtrace-latency --format json -m 'exit(HLT)' $host
expect_status 0
expect_stdout_like '"kind":"exit","host":"host","vm":"pid 156","vm_pid":156,"vcpu":0,"name":"HLT","count":194,"unknown":0,'
cp "$tmp/stdout" "$tmp/report.json"
run xtrace-latency --json -m 'exit(HLT)' $host
expect_status 0
cmp -s "$tmp/report.json" "$tmp/stdout" || fail '--json is not --format json'
run xtrace-latency --json --fail-if 'exit(HLT).count > 1' $host
expect_status 1
expect_stdout_like '^\{'
run xtrace-latency --json --format csv $host
expect_status 2
expect_stderr_like '--json and --format csv exclude each other'

it 'writes the histogram as CSV: the counts add up'
run xtrace-latency --format csv -m 'exit(HLT)' $host
expect_status 0
sum=$(awk -F, '/"HLT"/ && $4 == 0 { sum += $NF } END { print sum }' "$tmp/stdout")
[ "$sum" = 194 ] || fail "expected 194 intervals, found $sum"

it 'draws the distributions on a page that needs nothing else, and whose names are no markup'
run xtrace-latency --format html --worst 1 $host $guest
expect_status 0
expect_stdout_like '^<!doctype html>$' '<h2>exit</h2>' '<path class="curve c0" d="M' '<h2>the longest intervals</h2>' \
	'<td class="t">.*HLT</td>' '^</body></html>$'
! grep -E 'src=|href=|https?:|url\(|@import|<swapper|<idle' "$tmp/stdout" || fail 'something from elsewhere'
xmllint --html --noout "$tmp/stdout" 2>&1 | grep -vE 'Tag (svg|path|rect|title|text) invalid' | grep error && fail 'bad HTML'

it 'looks at a part of the time'
run xtrace-latency --from +0.2s --to +0.3s -m 'exit(HLT)' $host
expect_status 0
part=$(awk '$4 == "HLT" { sum += $5 } END { print sum + 0 }' "$tmp/stdout")
[ "$part" -gt 0 ] && [ "$part" -lt 200 ] || fail "expected a part of the 365 exits, found $part"

it 'says when there is nothing'
run xtrace-latency --from +900s $host
expect_status 1
expect_stderr_like 'there is no event in these traces between these times'

run xtrace-multi-merge -o "$tmp/both" $host $guest
expect_status 0

it 'names the machine by its guest where the host does not'
run xtrace-latency -m exit "$tmp/both"
expect_status 0
expect_stdout_like '^host +guest +0 +HLT +194 ' '^host +guest +1 +HLT +171 ' '^host +guest +1 +608ms '
run xtrace-latency -m 'exit(HLT)' --format json "$tmp/both"
expect_stdout_like '"vm":"guest","vm_pid":156,"vcpu":0,'

it 'explains the longest wake-up of the guest across both kernels, and shows the place'
run xtrace-latency --worst 1 -m wakeup@guest "$tmp/both"
expect_status 0
expect_stderr ''
expect_stdout_like '^  1\.  guest task rcu_preempt \(PID 15\) of guest woke 7\.38ms late on CPU 0: its vCPU was not running for 6\.55ms: exit HLT, most of it waiting for its CPU for 6\.25ms as the CPU handled apic_timer for 3\.89ms$' \
	'^ +thread 156 +6\.25ms in +1  spent in wait$' \
	'^ +host CPU 1 +3\.89ms in +1  interrupt apic_timer$' \
	'^[0-9.]+ guest 1 ls SCHED_WAKING \[15\]$' \
	'^[0-9.]+ guest 0 kworker/u4:1 SCHED_SWITCH \[kworker/u4:1 25 I -> rcu_preempt 15\]$'

it 'has no example in the pages whose pattern would be taken as it is'
! grep -nE '[!=]= *"[^"]*[*?]' doc/man/*.[0-9] README.md doc/*.md || fail 'a glob in quotes needs =~'

it 'says which of the metrics that were asked for has no interval'
run xtrace-latency -m 'wakeup(rtap)' -m irq@guest "$tmp/both"
expect_status 0
expect_stdout_like '^guest +apic_timer ' '^no interval of wakeup\(rtap\)$'
[ "$(grep -c '^no interval' "$tmp/stdout")" = 1 ] || fail 'not this one alone'

it 'says who had the CPU of a vCPU, also where it has the same name'
run xtrace-latency -w 1 --excerpt 0 -m preempt "$tmp/both"
expect_stdout_like '^  1\.  vCPU 0 of guest \(thread 156\), preempted by qemu-system-x86 for 329us: qemu-system-x86 \(PID 159, '

it 'says of which VM a vCPU is that had the CPU'
run xtrace-latency -w 20 --excerpt 0 -m 'wakeup(chrt)' tests/fixtures/demo/freeze-host
expect_status 0
expect_stdout_like 'task chrt \(PID 335\) of host woke 3\.03ms late on CPU 2: CPU 0/KVM \(PID 196, vCPU 0 of vm1, woken by apic_timer\) ran on its CPU for 2\.99ms$'

it 'tells a soft interrupt from an interrupt of that name'
run xtrace-latency -w 9 --excerpt 0 -m 'wakeup(qemu-system-x86)' $host
expect_status 0
expect_stdout_like 'woke 2\.79ms late on CPU 0: the CPU handled soft interrupt rcu for 2\.75ms$' \
	'^ +CPU 0 +2\.75ms in +1  soft interrupt rcu$'

it 'tells what both kernels did where both kept a task waiting, that with the greater part first'
run xtrace-multi-merge -o "$tmp/demo" tests/fixtures/demo/xtrace-host tests/fixtures/demo/xtrace-vm
expect_status 0
run xtrace-latency -w 6 --excerpt 0 -m wakeup@vm1 -m runq@vm1 "$tmp/demo"
expect_status 0
expect_stdout_like 'guest task ksoftirqd/1 .* kept off its CPU for 92\.0ms: its vCPU was not running for 70\.6ms: its thread was preempted by xtrace-run \(PID 295 .* for 61\.6ms; in the guest xtrace-run \(PID 140, .*\) ran on its CPU for 92\.0ms$' \
	'guest task ksoftirqd/1 .* woke 27\.9ms late on CPU 1: xtrace-run \(PID 140, .*\) ran on its CPU for 27\.8ms; its vCPU was not running for 7\.41ms: exit INTR, most of it KVM itself for 4\.20ms$'

it 'explains as many as are asked for, longest first'
run xtrace-latency -w 4 --excerpt 0 -m exit $host
expect_status 0
[ "$(grep -c '^ *[0-9]\. ' "$tmp/stdout")" = 4 ] || fail 'there are not four'
expect_stdout_like '^  1\.  vCPU 1 of pid 157 \(thread 157\), exit of HLT for 171ms: exit HLT, most of it asleep'

it 'measures the cycles of an application, and says what long ones have that others have not'
cycle=(--begin 'event == SYSCALL_ENTER and host == guest and pid == 144' --end 'event == SYSCALL_EXIT and host == guest and pid == 144')
run xtrace-latency "${cycle[@]}" -m section "$tmp/both"
expect_status 0
expect_stdout_like '^section: ' '^guest +cycle +[0-9]+ '
run xtrace-latency "${cycle[@]}" -m section --worst 9 --excerpt 0 "$tmp/both"
expect_status 0
expect_stdout_like '^  1\.  guest task ls \(PID 144\) of guest, cycle of 65\.0ms: its vCPU was not running' \
	'outside for HLT; median cycles had none$' 'ran ls \(PID 144, woken by .*\); median cycles [0-9.]+us$'
run xtrace-latency --between "${cycle[1]}" "${cycle[3]}" --format json -m section "$tmp/both"
expect_status 0
cp "$tmp/stdout" "$tmp/between"
run xtrace-latency "${cycle[@]}" --format json -m section "$tmp/both"
diff "$tmp/stdout" "$tmp/between" || fail '--between is not --begin and --end'
run xtrace-latency --between 'event == X' 'event ==' $host
expect_status 2
expect_stderr_like '^xtrace-latency: where a cycle ends: '
run xtrace-latency --between 'event == X' 'event == Y' "${cycle[@]}" $host
expect_status 2
run xtrace-latency --begin 'event == X' $host
expect_status 2
expect_stderr_like '--begin and --end belong together'

it 'refuses a form that has no place for explained intervals, and lines without them'
for format in json csv; do
	run xtrace-latency --worst 1 --format $format $host
	expect_status 2
	expect_stdout ''
	expect_stderr_like "^xtrace-latency: --worst does not go with --format $format: "
done
run xtrace-latency --worst 1 --excerpt 3 --format html $host
expect_status 2
expect_stderr_like '^xtrace-latency: --excerpt does not go with --format html$'
run xtrace-latency --worst 1 --excerpt 3 --save "$tmp/no.json" $host
expect_status 2
expect_stderr_like '^xtrace-latency: --excerpt does not go with --save$'
[ ! -e "$tmp/no.json" ] || fail 'it was saved'
run xtrace-latency --excerpt 3 $host
expect_status 2
expect_stderr_like '^xtrace-latency: --excerpt belongs to --worst$'

it 'shows each line of an interval once, and dots only where some are left out'
run xtrace-latency --worst 1 -m 'exit(VMMCALL)' $host
expect_status 0
[ "$(grep -c '^[0-9]' "$tmp/stdout")" = 5 ] || fail 'expected five lines'
[ "$(grep -c '^ *\.\.\.$' "$tmp/stdout")" = 0 ] || fail 'nothing is left out'
run xtrace-latency --worst 1 --excerpt 5 -m 'exit(VMMCALL)' $host
[ "$(grep -c '^[0-9]' "$tmp/stdout")" = 5 ] || fail 'expected five lines'
run xtrace-latency --worst 1 --excerpt 4 -m 'exit(VMMCALL)' $host
[ "$(grep -c '^[0-9]' "$tmp/stdout")" = 4 ] || fail 'expected four lines'
[ "$(grep -c '^ *\.\.\.$' "$tmp/stdout")" = 1 ] || fail 'a line is left out'

it 'refuses a metric that means nothing'
run xtrace-latency -m 'wakup(x)' $host
expect_status 2
expect_stderr_like '--metric: no kind "wakup"; did you mean wakeup\?'

it 'saves a run, and finds it the same as the trace it came from'
run xtrace-latency --save "$tmp/run.json" -w 1 -m 'exit(HLT)' $host
expect_status 0
expect_stdout ''
run xtrace-latency --compare --fail-if 'exit(HLT).p50 > +1%' --fail-if 'wakeup.mean > +1%' "$tmp/run.json" $host
expect_status 0
expect_stdout_like '^ok +exit\(HLT\)\.p50 > \+1% .*\+0\.0% +365$' '^ok +wakeup\.mean > \+1%'

it 'saves into what a link leads to, and into a pipe, and takes the place of neither'
ln -s real.json "$tmp/link.json"
run xtrace-latency --save "$tmp/real.json" $host
expect_status 0
run xtrace-latency --save "$tmp/link.json" $host
expect_status 0
[ -L "$tmp/link.json" ] || fail 'the link is gone'
mkfifo "$tmp/pipe"
timeout 30 cat "$tmp/pipe" >"$tmp/piped.json" &
run xtrace-latency --save "$tmp/pipe" $host
expect_status 0
wait $!
[ -p "$tmp/pipe" ] || fail 'the pipe is gone'
cmp -s "$tmp/real.json" "$tmp/piped.json" || fail 'the pipe got something else'

it 'fails on a limit that is broken, and explains why the figure is what it is'
run xtrace-latency --fail-if 'exit(HLT).max > 50ms' --fail-if 'exit(HLT).max > 1s' "$tmp/run.json"
expect_status 1
expect_stdout_like '^BROKEN +exit\(HLT\)\.max > 50ms +- +171ms' '^ok +exit\(HLT\)\.max > 1s' \
	'run\.json|pair: vCPU 1 of pid 157 \(thread 157\), exit of HLT for 171ms: exit HLT, most of it asleep'

it 'says where a metric is that a rule asks of the wrong host, and which names are near'
run xtrace-latency --fail-if 'exit(HTL).max > 50us' --fail-if 'exit(HLT)@guest.max > 50us' $host
expect_status 1
expect_stdout_like '^missing +exit\(HTL\)' '^note: exit\(HTL\)\.max > 50us: no run has it; near it: HLT$' \
	'^note: exit\(HLT\)@guest\.max > 50us: no run has it of guest; host has$'
run xtrace-latency --fail-if 'late(app)@vm1.max > 50us' $host
expect_stdout_like '^note: late\(app\)@vm1\.max > 50us: no run has it; there is no trace of vm1$'
run xtrace-latency --compare --fail-if 'exit(HLT).p50 > +20%' $guest $host
expect_stdout_like '^note: exit\(HLT\)\.p50 > \+20%: no run of the base has it$'

it 'says which of several runs has no figure of what a rule asks for'
run xtrace-latency --fail-if 'exit(HLT).max > 50ms' $host $guest
expect_status 1
expect_stdout_like '^missing +exit\(HLT\)' "^note: exit\(HLT\)\.max > 50ms: $guest has no figure of it\$"
run xtrace-latency --compare --base $guest --base $host --fail-if 'exit(HLT).max > +1%' $host
expect_status 1
expect_stdout_like "^note: exit\(HLT\)\.max > \+1%: $guest has no figure of it\$"
run xtrace-latency --compare --base $guest --base $host --fail-if 'exit(HLT).max > +1%' --format json \
	--junit "$tmp/junit.xml" $host
expect_stdout_like '"verdict":"missing",.*"lacking":\["'$guest'"\]'
run cat "$tmp/junit.xml"
expect_stdout_like "^$guest has no figure of it\$"

it 'writes JSON also where two runs that differ bound next to nothing'
run xtrace-latency --compare --base $guest --base $host --fail-if 'exit(HLT).max > +1%' --format json $host
expect_stdout_like '"high":[0-9]{40,}\.[0-9],"samples":365\}'

it 'reads rules from a budget, and writes JSON and JUnit'
printf '# a budget\n\n  exit(MSR).p50 > 1us # too little\nexit(NOSUCH).max > 1s\n' >"$tmp/latency.budget"
run xtrace-latency --budget "$tmp/latency.budget" --format json --junit "$tmp/junit.xml" $host
expect_status 1
expect_stdout_like '"rule":"exit\(MSR\)\.p50 > 1us","verdict":"BROKEN","fails":true' \
	'"verdict":"missing","fails":true' '"fails":true\}$'
run cat "$tmp/junit.xml"
expect_stdout_like '<testsuite name="xtrace-latency" tests="2" failures="2">' \
	'name="exit\(MSR\)\.p50 &gt; 1us"'

it 'takes a line of a budget for one, however long its comment is'
printf '# %0600d exit(HLT).max > 1ns\nexit(HLT).max > 1s # %0600d\n' 1 2 >"$tmp/long.budget"
run xtrace-latency --budget "$tmp/long.budget" $host
expect_status 0
expect_stdout_like '^ok +exit\(HLT\)\.max > 1s '

it 'keeps of a saved run why each rule of a budget may be broken, and writes that beside the verdicts'
printf 'exit(MSR).p50 > +10%%\nexit(HLT).max > 1ms\nirq.count < 1\n' >"$tmp/latency.budget"
run xtrace-latency --save "$tmp/run.json" -w 2 --budget "$tmp/latency.budget" $host
expect_status 0
run xtrace-latency --compare --budget "$tmp/latency.budget" --guilty "$tmp/guilty" "$tmp/run.json" "$tmp/run.json"
expect_status 1
run cat "$tmp/guilty"
expect_stdout_like '^==== exit\(HLT\)\.max > 1ms$' 'run\.json: vCPU 1 of pid 157 .*exit of HLT for 171ms' \
	'^[0-9.]+ host [0-9] [^ ]+ KVM_EXIT_VM_PID \[157 vcpu 1 HLT\]$'
[ "$(grep -c 'exit of HLT for' "$tmp/guilty")" = 2 ] || fail 'expected two intervals'
grep -q 'exit of MSR' "$tmp/guilty" && fail 'what is not broken is told'
run xtrace-latency --save "$tmp/x.json" -m irq --budget "$tmp/latency.budget" $host
expect_status 2

it 'finds a new task among others that are never the same twice, and says that it alone is enough'
# preempted FILE BACKUPS HOGS: a run of 2 s; each backup takes 1048576 ns, each hog twice that
preempted() {
	local metric='{"kind":"preempt","host":"h","vm":"vm1","vcpu":1,"name":"%s","sum":%d,"min":%d,"max":%d,"buckets":[%d,%d]}'

	{
		echo '{"xtrace-latency":1,"sub_buckets":128,"events":99,"duration_ns":2000000000,"metrics":['
		# shellcheck disable=SC2059
		printf "$metric" backup $(($2 << 20)) 1048576 1048576 1792 "$2"
		# shellcheck disable=SC2059
		[ "$3" = 0 ] || printf ",$metric" hog $(($3 << 21)) 2097152 2097152 1920 "$3"
		echo ']}'
	} >"$tmp/$1"
}
preempted old1 6 0
preempted old2 24 0
preempted old3 30 0
preempted new1 9 10
preempted new2 27 10
preempted new3 18 9
olds=(--base "$tmp/old1" --base "$tmp/old2" --base "$tmp/old3")
run xtrace-latency --compare "${olds[@]}" --fail-if 'preempt.share > +2ms' "$tmp"/new[123]
expect_status 1
expect_stdout_like '^BROKEN +preempt\.share > \+2ms' '^preempt\(hog\) +h +0ns +0\.0 +- ' \
	'^  \(no interval counts for more than 2\.1[0-9]ms\)$' \
	'^  preempt\(hog\) on h is enough for it: nothing before, 10\.[0-9]+ms \([3-9]\.[0-9]+ms\.\.1[0-9]\.[0-9]+ms\) now$'
run xtrace-latency --compare "${olds[@]}" --fail-if 'preempt.share > +2ms' --format json --junit "$tmp/junit.xml" "$tmp"/new[123]
expect_stdout_like '"cap_ns":2[0-9]{6},"by":\{"kind":"preempt","name":"hog","host":"h","base":\{"value":0\.0,'
run cat "$tmp/junit.xml"
expect_stdout_like '^preempt\(hog\) on h is enough for it: nothing before, '
# without it the others are what they were
preempted new1 9 0
preempted new2 27 0
preempted new3 18 0
run xtrace-latency --compare "${olds[@]}" --fail-if 'preempt.share > +2ms' --fail-if 'preempt.rate > +0' "$tmp"/new[123]
expect_status 0

it 'tells what takes more time than before'
run xtrace-latency --compare --fail-if 'exit.count > 1' --format json $guest $host
expect_status 1
expect_stdout_like '"changes":\[.*\{"what":"exit\(HLT\), KVM itself","host":"host","base":\{"ns":0\.0,"times":0\.0'
run xtrace-latency --compare --fail-if 'exit.count > 1' $guest $host
expect_stdout_like '^what takes more time than before, beyond chance:$' \
	'^exit\(HLT\), KVM itself +host +0ns +0\.0 +- +[0-9.]+ms '

it 'says where a budget is wrong'
printf 'exit.max > 1s\nexit.max >\n' >"$tmp/latency.budget"
run xtrace-latency --budget "$tmp/latency.budget" $host
expect_status 2
expect_stderr_like 'latency\.budget:2: "exit\.max >", column 11: expected a limit'

it 'refuses what does not go together'
run xtrace-latency --compare $host
expect_status 2
run xtrace-latency --fail-if 'exit.max > +1%' $host
expect_status 1
expect_stderr_like 'there is no base to compare with'
run xtrace-latency --base "$tmp/run.json" $host
expect_status 2
echo '{"xtrace-latency": 1' >"$tmp/torn.json"
run xtrace-latency --fail-if 'exit.max > 1s' "$tmp/torn.json"
expect_status 1
expect_stderr_like 'torn\.json: line 2, column 1: no JSON: it ends too early'

it 'keeps whole runs only'
run xtrace-latency --save "$tmp/part.json" --from +0.1s $host
expect_status 2
expect_stderr_like '--from and --to do not go with it'

it 'writes no half file where it cannot write'
run xtrace-latency --save /nowhere/run.json $host
expect_status 1
expect_stderr_like '/nowhere/run\.json'

it 'names a trace that is none'
run xtrace-latency /nowhere/t
expect_status 1
expect_stderr_like '/nowhere/t'

it 'says that it found nothing of what was asked for'
run xtrace-latency -m 'wakeup(nobody)' $host
expect_status 0
expect_stdout_like '^no interval of these metrics$'
! grep -q '^no trace has' "$tmp/stdout" || fail 'it has what wakeup needs'
# the fixture was recorded without system calls
run xtrace-latency -m 'syscall(read)' -m 'syscall(write)' -m wakeup $host
expect_status 0
[ "$(grep -c '^no trace has' "$tmp/stdout")" = 1 ] || fail 'it is said twice'
expect_stdout_like '^no interval of syscall\(read\)$' \
	'^no trace has events of syscall, which syscall needs: xtrace-run -e syscall$'

it 'refuses to run without a trace'
run xtrace-latency
expect_status 2
