/** From the words of the command line to a typed request. Nothing here reads the disk or prints. */
import { command as suggested } from '../command.ts';
import { UsageError } from '../errors.ts';
import { commandTable, isCommandName, laterCommands } from './command-table.ts';
import { type CommandName, writtenName } from './flag.ts';
import type { FlagsOf } from './flag-table.ts';
import { splitWords } from './grammar.ts';
import { commandHelp, programHelp } from './help.ts';
import { nearest } from './nearest.ts';
import { buildCommand } from './program.ts';

/** A command to carry out. */
export interface CommandRequest<C extends CommandName> {
  readonly command: C;
  readonly flags: FlagsOf<C>;
  /** The flags that were written, as `batch-size`: those left out may yield to a checkpoint. */
  readonly given: ReadonlySet<string>;
  /** The words that are no flags. */
  readonly operands: readonly string[];
  /** Whether an error shall show where it arose. */
  readonly debug: boolean;
}

export type CommandLine =
  | { readonly [C in CommandName]: CommandRequest<C> }[CommandName]
  | { readonly command: 'help'; readonly text: string }
  | { readonly command: 'version' };

/** Reads the words that follow the program's name.
 * @throws UsageError for whatever cannot be understood or is not yet available. */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const words = argv.filter((word) => word !== '--debug');
  const debug = words.length < argv.length;
  if (words.includes('--version') || words[0] === '-v' || words[0] === '-V' || words[0] === 'version')
    return { command: 'version' };
  const helpWanted = words.some((word) => word === '--help' || word === '-h');
  const [name, ...rest] = helpWanted ? words.filter((word) => word !== '--help' && word !== '-h') : words;
  if (name === undefined) return { command: 'help', text: programHelp() };
  if (name === 'help') return { command: 'help', text: helpOf(rest[0]) };
  const command = commandNamed(name);
  // `train help`; a folder of that name is `inspect ./help`.
  const takesWords = commandTable[command].operand !== undefined;
  if (helpWanted || (rest[0] === 'help' && (!takesWords || rest.length === 1)))
    return { command: 'help', text: commandHelp(command) };
  switch (command) {
    case 'download':
      return request('download', rest, debug);
    case 'train':
      return request('train', rest, debug);
    case 'eval':
      return request('eval', rest, debug);
    case 'inspect':
      return request('inspect', rest, debug);
    case 'doctor':
      return request('doctor', rest, debug);
    case 'bench':
      return request('bench', rest, debug);
  }
}

function helpOf(name: string | undefined): string {
  return name === undefined || name === 'help' ? programHelp() : commandHelp(commandNamed(name));
}

function commandNamed(name: string): CommandName {
  if (isCommandName(name)) return name;
  if (laterCommands.includes(name)) throw new UsageError(`${name}: not yet available in this version`);
  if (name.startsWith('-')) {
    throw new UsageError(`${name}: a command comes before its flags, as in: ${suggested(`train ${name}`)}`);
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
  const { flags, operands } = splitWords(command, words);
  const parsed = buildCommand(command).parse(flags, { from: 'user' });
  const written = Object.keys(parsed.opts()).filter((name) => parsed.getOptionValueSource(name) === 'cli');
  const given = new Set(written.map(writtenName));
  return { command, flags: parsed.opts<FlagsOf<C>>(), given, operands, debug };
}
