/** Programs of a busybox image, as `busybox --list` shows the ones that the world knows. */
export const BUSYBOX: readonly string[] = (
  'ash awk base64 basename busybox cat chmod chown clear cmp cp cut date dd df diff dirname dmesg du echo env expr ' +
  'false find fold free grep egrep fgrep gunzip gzip head hexdump hostname httpd id ifconfig ip kill killall less ln ' +
  'ls md5sum mkdir mktemp more mount mv nc netstat nl nslookup od paste ping ping6 printenv printf ps pwd readlink realpath ' +
  'reset rev rm rmdir route sed seq sh sha256sum sleep sort stat stty sync tac tail tar tee telnet test time timeout top ' +
  'touch tr traceroute true tty umount uname uniq vi watch wc wget which whoami xargs yes ['
).split(' ');

/** The small tools of a Debian image. */
export const DEBIAN: readonly string[] = (
  'apt apt-get awk base64 basename cat chmod chown cmp cp cut date dd df diff dirname du echo env expr false find getent grep egrep fgrep ' +
  'gunzip gzip head hostname id ln ls md5sum mkdir mktemp mv nl od paste perl printenv printf pwd readlink realpath ' +
  'rev rm rmdir sed seq sh dash sha256sum sleep sort stat stty sync tac tail tar tee test timeout touch tr true tty uname ' +
  'uniq wc which whoami xargs yes ['
).split(' ');

/** What Debian's larger images have besides. */
export const BASH: readonly string[] = ['bash'];
