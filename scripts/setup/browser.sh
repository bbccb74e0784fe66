# A browser for the tests of pages. Without one they are skipped and say so.

ensure_browser() {
  local name
  for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then return; fi
  done
  # Ubuntu's package of that name is a snap, which needs a running snapd.
  if can_install_packages && [[ $(. /etc/os-release && printf %s "$ID") = debian ]]; then
    say "installing Chromium for the tests of pages"
    apt_install chromium
  fi
}
