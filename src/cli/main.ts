#!/usr/bin/env node
/**
 * Starts `cifar10`. It imports the program dynamically, so that a process with too few file descriptors to load the program can
 * report it. (Node.js opens all files of a program at the same time.)
 */
try {
  // Before loading the rest of the program: by default SIGUSR1 opens a debugger and SIGUSR2 ends the process.
  const { interruption } = await import('./signals.ts');
  interruption.refuseDebugger();
  await import('./command-line.ts');
} catch (error) {
  const isExhausted = /\bE[MN]FILE\b/.test(String(error));
  if (!isExhausted) throw error;
  // The report needs no file descriptor.
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files?: { soft: number } } };
  const limit = userLimits?.open_files?.soft ?? 'few';
  process.stderr.write(
    `cifar10: out of file descriptors: this process may have ${limit} open files (ulimit -n), too few to load the ` +
      'program. Raise the limit: ulimit -n 1024\n',
  );
  process.exitCode = 1;
}
