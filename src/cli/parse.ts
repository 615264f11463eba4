/** Parses the command line into a typed request, without reading files or printing. */
import { command as suggested } from '../command.ts';
import { UsageError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import { commandTable, isCommandName } from './command-table.ts';
import { type CommandName, type Flag, isFlagOf, takesList, writtenName } from './flag.ts';
import { type FlagsOf, flagTable } from './flag-table.ts';
import { type ReadWords, readWords } from './grammar.ts';
import { commandHelp, programHelp } from './help.ts';
import { withoutShorthands } from './shorthand.ts';

/** A command to run. */
export interface CommandRequest<C extends CommandName> {
  readonly command: C;
  readonly flags: FlagsOf<C>;
  /** The names of the flags that were given, such as `batch-size`. A checkpoint may determine the values of other
   * flags. */
  readonly given: ReadonlySet<string>;
  /** Positional arguments. */
  readonly operands: readonly string[];
  /** Whether errors are printed with their stack trace. */
  readonly debug: boolean;
}

export type RequestsByCommand = { readonly [C in CommandName]: CommandRequest<C> };
type AnyRequest = RequestsByCommand[CommandName];

export type CommandLine =
  | AnyRequest
  | { readonly command: 'help'; readonly text: string }
  | { readonly command: 'version' };

/** Parses the arguments of the program.
 * @throws UsageError for arguments that are invalid */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  // Words after `--` are arguments, even if they look like flags.
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length;
  const flagged = argv.slice(0, end);
  const words = flagged.filter((word) => word !== '--debug');
  const debug = words.length < flagged.length;
  if (words.includes('--version') || words[0] === '-v' || words[0] === '-V' || words[0] === 'version')
    return { command: 'version' };
  const helpWanted = words.some((word) => word === '--help' || word === '-h');
  const [name, ...rest] = helpWanted ? words.filter((word) => word !== '--help' && word !== '-h') : words;
  if (name === undefined) return { command: 'help', text: programHelp() };
  if (name === 'help') return { command: 'help', text: helpOf(rest[0]) };
  const command = commandNamed(name);
  // `train help` shows the help of train. A folder named help can be inspected with `inspect ./help`.
  const takesWords = commandTable[command].operand !== undefined;
  if (helpWanted || (rest[0] === 'help' && (!takesWords || rest.length === 1)))
    return { command: 'help', text: commandHelp(command) };
  return request(command, [...rest, ...argv.slice(end)], debug) as AnyRequest;
}

function helpOf(name: string | undefined): string {
  return name === undefined || name === 'help' ? programHelp() : commandHelp(commandNamed(name));
}

function commandNamed(name: string): CommandName {
  if (isCommandName(name)) return name;
  if (name.startsWith('-')) {
    throw new UsageError(
      `${name}: the command must come before its flags, as in: ${suggested(`train ${name}`)}`,
    );
  }
  const names = Object.keys(commandTable);
  const meant = nearest(name, names);
  const hint = meant === undefined ? `Commands: ${names.join(', ')}` : `Did you mean ${meant}?`;
  throw new UsageError(`unknown command ${JSON.stringify(name)}. ${hint}`);
}

function request<C extends CommandName>(
  command: C,
  words: readonly string[],
  debug: boolean,
): CommandRequest<C> {
  const { values: written, operands } = readWords(command, words);
  const values = withoutShorthands(command, written);
  return { command, flags: flagsOf(command, values), given: new Set(values.keys()), operands, debug };
}

/** Returns the values of the flags that were given, and the defaults of the others that have one. */
function flagsOf<C extends CommandName>(command: C, values: ReadWords['values']): FlagsOf<C> {
  const entries = Object.entries<Flag>(flagTable).flatMap(([key, flag]) => {
    const isShorthand = flag.kind === 'boolean' && flag.standsFor !== undefined;
    if (isShorthand || !isFlagOf(flag, command)) return [];
    const initial = flag.fromCheckpoint?.includes(command) === true ? undefined : flag.default;
    const listed = initial !== undefined && takesList(flag, command) ? [initial] : initial;
    const value = values.get(writtenName(key)) ?? listed;
    return value === undefined ? [] : [[key, value] as const];
  });
  return Object.fromEntries(entries) as FlagsOf<C>;
}
