/** The help texts. They are generated from the tables of commands and flags, and are at most 80 columns wide. */
import { command, program } from '../command.ts';
import { commandTable } from './command-table.ts';
import { type CommandName, type Flag, isFlagOf, takesList, writtenName } from './flag.ts';
import { flagTable } from './flag-table.ts';
import { inFlags } from './option-flags.ts';
import { linesOf, settings, widestName } from './table.ts';
import { widthOf } from './width.ts';

const columns = 80;

/** The name of a flag or command, and its explanation. */
type Row = readonly [name: string, text: string];

/** Returns the help of a command: what it does, its flags with their defaults, and examples. */
export function commandHelp(name: CommandName): string {
  const { operand, isOperandOptional = false, description, examples } = commandTable[name];
  const usage =
    operand === undefined ? '[flags]' : `${isOperandOptional ? `[${operand}]` : `<${operand}>`} [flags]`;
  const sections = [...flagSections(name), ['Always:', commonFlags] as const];
  return [
    `Usage: ${program()} ${name} ${usage}`,
    paragraph(description),
    ...sectionTexts(sections),
    examplesText(examples),
    'Other spellings of flags: --name=value, _ instead of -, --no-name for booleans.\n',
  ].join('\n\n');
}

/** Returns the help of the program: its commands, and examples of first steps. */
export function programHelp(): string {
  const commands = Object.entries(commandTable).map(([name, { summary }]): Row => [name, summary]);
  return [
    `Usage: ${program()} <command> [flags]`,
    paragraph(
      'Trains and evaluates a convolutional image classifier: the TensorFlow CIFAR-10 tutorial on Node.js.',
    ),
    ...sectionTexts([
      ['Commands:', [...commands, ['help [command]', 'show what a command does and its flags']]],
    ]),
    examplesText(firstSteps),
    'Every command has --quiet (print only results, warnings and errors), --json\n' +
      '(one object per line), --help, --version and --debug (add a stack trace).\n',
  ].join('\n\n');
}

const firstSteps = [
  ['train --dataset synthetic --clip-norm 5 --max-steps 1000', 'Train on images that the program generates'],
  ['eval --run-once', 'Measure how good the network has become'],
  ['train --help', 'All flags of train'],
] as const;

/** The flags that every command has. */
const commonFlags: readonly Row[] = [
  ['-h, --help', 'show this help'],
  ['--version', 'show the version'],
  ['--debug', 'add a stack trace to errors'],
];

type Section = readonly [heading: string, rows: readonly Row[]];

/** Returns the flags of a command, grouped by heading, in the order of the table of flags. */
function flagSections(name: CommandName): readonly Section[] {
  const sections = new Map<string, Row[]>();
  for (const [key, flag] of Object.entries(flagTable)) {
    if (!isFlagOf(flag, name)) continue;
    const rows = sections.get(flag.group) ?? [];
    sections.set(flag.group, [...rows, flagRow(key, flag, name)]);
  }
  return [...sections].map(([group, rows]) => [`${group}:`, rows]);
}

function flagRow(key: string, flag: Flag, name: CommandName): Row {
  const term = `--${writtenName(key)}${valueHint(flag, takesList(flag, name))}`;
  const own = flag.helpFor?.[name];
  const text = inFlags(own ?? flag.help);
  if (flag.fromCheckpoint?.includes(name) === true)
    return [term, `${text} (default: that of the checkpoint)`];
  // Help texts for a single command already contain the default.
  const isComplete = own !== undefined || flag.default === undefined || flag.default === false;
  return [term, isComplete ? text : `${text} (default: ${defaultText(flag.default)})`];
}

function valueHint(flag: Flag, isList: boolean): string {
  if (flag.kind === 'boolean') return '';
  const value = flag.valueName ?? (flag.kind === 'choice' ? flag.choices.join('|') : '');
  return ` <${value}${isList ? ',…' : ''}>`;
}

function defaultText(value: string | number | boolean): string {
  return typeof value === 'number' && value >= 10_000 ? value.toLocaleString('en-US') : String(value);
}

/** Formats each heading with its rows. The explanations in all sections are aligned. */
function sectionTexts(sections: readonly Section[]): readonly string[] {
  const nameWidth = widestName(sections.flatMap(([, rows]) => rows));
  return sections.map(([heading, rows]) => `${heading}\n${settings(rows, columns, nameWidth)}`);
}

function paragraph(text: string): string {
  return linesOf(text, columns).join('\n');
}

function examplesText(examples: readonly (readonly [line: string, purpose: string])[]): string {
  return `Examples:\n${examples.map(([line, purpose]) => `  # ${purpose}\n${folded(command(line))}`).join('\n')}`;
}

/** Formats an indented command. If it is too long, it is broken before a flag, with a backslash at the end of the line. */
function folded(line: string): string {
  const lines: string[] = [];
  for (const part of line.split(/ (?=--)/)) {
    const last = lines.at(-1);
    const joined = last === undefined ? `  ${part}` : `${last} ${part}`;
    if (widthOf(joined) <= columns - 2) lines[Math.max(0, lines.length - 1)] = joined;
    else lines.push(`      ${part}`);
  }
  return lines.join(' \\\n');
}
