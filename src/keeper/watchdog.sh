#!/bin/sh
# The watchdog of a run that has no keeper. It waits until the runner is gone, however it went, and kills the process groups that it has
# been told of and, on Linux, whatever has the run's mark in its environment. It then takes the run's folder away.
# Told on stdin, a line each: `+ PGID`, `- PGID`, `guard PID`, and `end`, which means that nothing is left to be done.
mark=$1 folder=$2
trap '' INT TERM HUP QUIT TSTP
groups=' ' guarded=''

while read -r word pid; do
  case $word in
    +) groups="$groups$pid " ;;
    -) groups="${groups%% "$pid" *} ${groups#* "$pid" }" ;;
    guard) guarded="$guarded $pid" ;;
    end) exit 0 ;;
  esac
done

marked() {
  grep -lsF -e "$mark" /proc/[0-9]*/environ 2>/dev/null | while IFS=/ read -r _ _ pid _; do echo "$pid"; done
}

# Whether anybody got it.
signal_all() {
  reached=1
  for group in $groups; do kill -s "$1" -- "-$group" 2>/dev/null && reached=0; done
  for pid in $(marked); do kill -s "$1" "$pid" 2>/dev/null && reached=0; done
  return $reached
}

for pid in $guarded; do kill -s KILL "$pid" 2>/dev/null; done
signal_all STOP
signal_all STOP
pass=0
while [ $pass -lt 100 ] && signal_all KILL; do
  pass=$((pass + 1))
  sleep 0.05
done
rm -rf -- "$folder"
