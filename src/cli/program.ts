/** The tables as commander's commands: it collects values and defaults, and lays out the help. */

import { Command, Option } from 'commander';
import { program } from '../command.ts';
import { commandTable } from './command-table.ts';
import { type AvailableFlag, type CommandName, type Flag, readValue, writtenName } from './flag.ts';
import { flagTable } from './flag-table.ts';
import { inFlags } from './option-flags.ts';

/** Columns: what every terminal has. */
export const helpWidth = 80;

/** A command with its flags and defaults. */
export function buildCommand(name: CommandName): Command {
  const built = new Command(`${program()} ${name}`)
    .description(commandTable[name].description)
    .helpOption(false)
    .exitOverride()
    .configureHelp({ helpWidth, optionDescription: described });
  const flags: readonly [string, Flag][] = Object.entries(flagTable);
  for (const [key, flag] of flags) {
    if (!('kind' in flag) || !flag.commands.includes(name)) continue;
    built.addOption(option(writtenName(key), flag, name));
    if (flag.kind === 'boolean') built.addOption(new Option(`--no-${writtenName(key)}`).hideHelp());
  }
  return built;
}

/** The flags that every command has, for the help. */
export function commonOptions(): Option[] {
  return [
    new Option('-h, --help', 'show this').helpGroup('Always:'),
    new Option('--version', 'show the version').helpGroup('Always:'),
    new Option('--debug', 'show where in the program an error arose').helpGroup('Always:'),
  ];
}

function option(name: string, flag: AvailableFlag, command: CommandName): Option {
  const fromCheckpoint = flag.fromCheckpoint?.includes(command) === true;
  const own = flag.helpFor?.[command];
  const text = inFlags(own ?? flag.help);
  const help = fromCheckpoint ? `${text} (default: what the checkpoint names)` : text;
  const made = new Option(`--${name}${valueHint(flag)}`, help).helpGroup(`${flag.group}:`);
  if (flag.kind !== 'boolean') made.argParser((text: string) => readValue(flag, `--${name}`, text));
  if (fromCheckpoint || flag.default === undefined) return made;
  // An empty description hides the default (`described`): it is in the text, or is `false`.
  const isHidden = own !== undefined || flag.default === false;
  return made.default(flag.default, isHidden ? '' : defaultText(flag.default));
}

/** commander would show every default. */
function described({ description, defaultValueDescription: value }: Option): string {
  return value ? `${description} (default: ${value})` : description;
}

function defaultText(value: string | number | boolean): string {
  return typeof value === 'number' && value >= 10_000 ? value.toLocaleString('en-US') : String(value);
}

function valueHint(flag: AvailableFlag): string {
  if (flag.kind === 'boolean') return '';
  return ` <${flag.valueName ?? (flag.kind === 'choice' ? flag.choices.join('|') : '')}>`;
}
