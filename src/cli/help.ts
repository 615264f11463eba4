import { Command } from 'commander';
import { command, program } from '../command.ts';
import { commandTable } from './command-table.ts';
import type { CommandName } from './flag.ts';
import { buildCommand, commonOptions, helpWidth } from './program.ts';

/** The help of a command: what it does, its flags with their defaults, examples. */
export function commandHelp(name: CommandName): string {
  const { operand } = commandTable[name];
  const built = buildCommand(name).usage(operand === undefined ? '[flags]' : `<${operand}> [flags]`);
  for (const option of commonOptions()) built.addOption(option);
  return built.helpInformation() + examplesText(commandTable[name].examples) + grammarNote;
}

/** The help of the program: its commands, and how to begin. */
export function programHelp(): string {
  const help = new Command(program())
    .usage('<command> [flags]')
    .description(
      'Trains and evaluates a convolutional image classifier: the TensorFlow CIFAR-10 tutorial on Node.js.',
    )
    .helpOption(false)
    .helpCommand('help [command]', 'show what a command does and its flags')
    .configureHelp({ helpWidth });
  for (const [name, { summary }] of Object.entries(commandTable)) {
    help.command(name).summary(summary).usage(' ').helpOption(false);
  }
  return help.helpInformation() + examplesText(firstSteps) + commonNote;
}

const firstSteps = [
  [
    'train --dataset synthetic --clip-norm 5 --max-steps 1000',
    'Train on images that the program draws itself',
  ],
  ['eval --run-once', 'See how good the network has become'],
  ['train --help', 'All flags of train'],
] as const;

const grammarNote = `
A flag may also be written --name=value, with _ for -; a boolean as --no-name.
`;

const commonNote = `
Every command takes --quiet (results, warnings and errors only), --json (one
object a line), --help, --version and --debug (where did an error arise?).
`;

function examplesText(examples: readonly (readonly [line: string, purpose: string])[]): string {
  return `\nExamples:\n${examples.map(([line, purpose]) => `  # ${purpose}\n  ${command(line)}\n`).join('')}`;
}
