import type { Interpreter } from '../interpreter.ts';

/** Synopsis and one line about each builtin of bash: what `help` prints. */
const TOPICS: readonly (readonly [string, string, string])[] = [
  ['alias', 'alias [-p] [name[=value] ... ]', 'Define or display aliases.'],
  ['bg', 'bg [job_spec ...]', 'Move jobs to the background.'],
  ['break', 'break [n]', 'Exit for, while, or until loops.'],
  ['builtin', 'builtin [shell-builtin [arg ...]]', 'Execute shell builtins.'],
  ['cd', 'cd [-L|[-P [-e]] [-@]] [dir]', 'Change the shell working directory.'],
  [
    'command',
    'command [-pVv] command [arg ...]',
    'Execute a simple command or display information about commands.',
  ],
  ['continue', 'continue [n]', 'Resume for, while, or until loops.'],
  [
    'declare',
    'declare [-aAfFgiIlnrtux] [name[=value] ...] or declare -p [-aAfFilnrtux] [name ...]',
    'Set variable values and attributes.',
  ],
  ['dirs', 'dirs [-clpv] [+N] [-N]', 'Display directory stack.'],
  ['disown', 'disown [-h] [-ar] [jobspec ... | pid ...]', 'Remove jobs from current shell.'],
  ['echo', 'echo [-neE] [arg ...]', 'Write arguments to the standard output.'],
  ['eval', 'eval [arg ...]', 'Execute arguments as a shell command.'],
  [
    'exec',
    'exec [-cl] [-a name] [command [argument ...]] [redirection ...]',
    'Replace the shell with the given command.',
  ],
  ['exit', 'exit [n]', 'Exit the shell.'],
  ['export', 'export [-fn] [name[=value] ...] or export -p', 'Set export attribute for shell variables.'],
  [
    'fc',
    'fc [-e ename] [-lnr] [first] [last] or fc -s [pat=rep] [command]',
    'Display or execute commands from the history list.',
  ],
  ['fg', 'fg [job_spec]', 'Move job to the foreground.'],
  ['getopts', 'getopts optstring name [arg ...]', 'Parse option arguments.'],
  ['hash', 'hash [-lr] [-p pathname] [-dt] [name ...]', 'Remember or display program locations.'],
  ['help', 'help [-dms] [pattern ...]', 'Display information about builtin commands.'],
  [
    'history',
    'history [-c] [-d offset] [n] or history -anrw [filename] or history -ps arg [arg...]',
    'Display or manipulate the history list.',
  ],
  ['jobs', 'jobs [-lnprs] [jobspec ...] or jobs -x command [args]', 'Display status of jobs.'],
  [
    'kill',
    'kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]',
    'Send a signal to a job.',
  ],
  ['let', 'let arg [arg ...]', 'Evaluate arithmetic expressions.'],
  ['local', 'local [option] name[=value] ...', 'Define local variables.'],
  [
    'mapfile',
    'mapfile [-d delim] [-n count] [-O origin] [-s count] [-t] [-u fd] [-C callback] [-c quantum] [array]',
    'Read lines from the standard input into an indexed array variable.',
  ],
  ['popd', 'popd [-n] [+N | -N]', 'Remove directories from stack.'],
  [
    'printf',
    'printf [-v var] format [arguments]',
    'Formats and prints ARGUMENTS under control of the FORMAT.',
  ],
  ['pushd', 'pushd [-n] [+N | -N | dir]', 'Add directories to stack.'],
  ['pwd', 'pwd [-LP]', 'Print the name of the current working directory.'],
  [
    'read',
    'read [-ers] [-a array] [-d delim] [-i text] [-n nchars] [-N nchars] [-p prompt] [-t timeout] [-u fd] [name ...]',
    'Read a line from the standard input and split it into fields.',
  ],
  ['readonly', 'readonly [-aAf] [name[=value] ...] or readonly -p', 'Mark shell variables as unchangeable.'],
  ['return', 'return [n]', 'Return from a shell function.'],
  [
    'set',
    'set [-abefhkmnptuvxBCEHPT] [-o option-name] [--] [-] [arg ...]',
    'Set or unset values of shell options and positional parameters.',
  ],
  ['shift', 'shift [n]', 'Shift positional parameters.'],
  ['shopt', 'shopt [-pqsu] [-o] [optname ...]', 'Set and unset shell options.'],
  ['source', 'source filename [arguments]', 'Execute commands from a file in the current shell.'],
  ['test', 'test [expr]', 'Evaluate conditional expression.'],
  ['times', 'times', 'Display process times.'],
  ['trap', 'trap [-lp] [[arg] signal_spec ...]', 'Trap signals and other events.'],
  ['type', 'type [-afptP] name [name ...]', 'Display information about command type.'],
  ['ulimit', 'ulimit [-SHabcdefiklmnpqrstuvxPRT] [limit]', 'Modify shell resource limits.'],
  ['umask', 'umask [-p] [-S] [mode]', 'Display or set file mode mask.'],
  ['unalias', 'unalias [-a] name [name ...]', 'Remove each NAME from the list of defined aliases.'],
  [
    'unset',
    'unset [-f] [-v] [-n] [name ...]',
    'Unset values and attributes of shell variables and functions.',
  ],
  ['wait', 'wait [-fn] [-p var] [id ...]', 'Wait for job completion and return exit status.'],
];

/** `help`: the builtins with their synopses, or one of them; `-d` one line, `-s` the synopsis only. */
export async function help(shell: Interpreter, argv: readonly string[]): Promise<number> {
  const flags = argv
    .slice(1)
    .filter((word) => /^-[dms]+$/.test(word))
    .join('');
  const words = argv.slice(1).filter((word) => !/^-[dms]+$/.test(word));
  if (words.length === 0) {
    await shell.out('GNU bash, version 5.2.15(1)-release (x86_64-pc-linux-gnu)\n');
    await shell.out("Builtins of the shell; `help name' tells more about one, `man' about the programs.\n\n");
    await shell.out(TOPICS.map(([, synopsis]) => ` ${synopsis}\n`).join(''));
    return 0;
  }
  for (const word of words) {
    const found = TOPICS.filter(
      ([name]) => name === word || (words.length === 1 && name.startsWith(word) && word.length > 1),
    );
    const exact = found.filter(([name]) => name === word);
    const shown = exact.length > 0 ? exact : found;
    if (shown.length === 0)
      return shell.complain(
        `help: no help topics match \`${word}'.  Try \`help help' or \`man -k ${word}' or \`info ${word}'.`,
      );
    for (const [name, synopsis, line] of shown) {
      if (flags.includes('d')) await shell.out(`${name} - ${line}\n`);
      else await shell.out(`${name}: ${synopsis}\n${flags.includes('s') ? '' : `    ${line}\n`}`);
    }
  }
  return 0;
}
