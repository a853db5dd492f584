# For the programs beside this file: `source …/usage.bash`. What they print as help is the comment at
# their top.

# Prints the help and ends, if the first argument asks for it.
help_if_asked() {
  case "${1:-}" in
    -h | --help)
      sed -n '2,/^[^#]/s/^# \{0,1\}//p' -- "$0"
      exit 0
      ;;
  esac
}

# Ends with one line and the exit code of wrong usage.
wrong_usage() {
  printf '%s: %s; see scripts/%s --help\n' "${0##*/}" "$1" "${0##*/}" >&2
  exit 2
}

# Ends if there is any argument.
takes_nothing() {
  (($# == 0)) || wrong_usage "unknown argument '$1'"
}

# Ends if one of the arguments is a flag that `swift test` does not have.
takes_flags_of_swift_test() {
  while (($# > 0)); do
    case "$1" in
      -Xswiftc | -Xcc | -Xcxx | -Xlinker) shift ;;
      --filter | --skip | --skip-build | --parallel | --no-parallel | --num-workers | --repetitions) ;;
      -c | --configuration | -j | --jobs | -q | --quiet | -v | --verbose | --very-verbose) ;;
      --sanitize | --scratch-path | --xunit-output | --enable-code-coverage) ;;
      --filter=* | --skip=* | --num-workers=* | --configuration=* | --jobs=* | --scratch-path=*) ;;
      -*) wrong_usage "unknown flag '$1'" ;;
    esac
    (($# == 0)) || shift
  done
}
