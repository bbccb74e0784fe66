# What set-up tells: one line a step that does something, nothing for a step that finds its work done.
# The output of the commands it runs goes to a log file, shown only when one of them fails.

setup_log="$GREENROOM_CACHE/setup.log"

say() {
  printf 'setup: %s\n' "$*" >&2
}

# give_up WHAT WHERE DO - what cannot be done, on what, and what the reader can do about it
give_up() {
  printf 'setup: %s\n  where:      %s\n  what to do: %s\n' "$1" "$2" "$3" >&2
  exit 1
}

# logged COMMAND... - runs it with its output in the log; shows the last lines of it if the command fails
logged() {
  local status=0 begin
  printf '\n== %s: %s\n' "$(date -u +%FT%TZ)" "$*" >>"$setup_log"
  begin=$(stat --format %s "$setup_log")
  "$@" >>"$setup_log" 2>&1 || status=$?
  if ((status != 0)); then
    say "failed with exit code $status: $*"
    tail -c "+$((begin + 1))" "$setup_log" | tail -n 25 | sed 's/.*\r//; s/^/  | /' >&2
  fi
  return "$status"
}

# retry TIMES COMMAND... - mirrors and networks fail now and then; three tries were always enough
retry() {
  local times=$1 try
  shift
  for ((try = 1; try <= times; try++)); do
    "$@" && return
    ((try < times)) && sleep $((try * 3))
  done
  return 1
}
