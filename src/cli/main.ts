#!/usr/bin/env node
/**
 * Starts `cifar10`. The program is imported dynamically, so that this file can print an error if there are too few file
 * descriptors to load the program. (Node.js opens all files of a program at the same time.)
 */
try {
  // This is done before the rest of the program is loaded, because by default SIGUSR1 opens a debugger and SIGUSR2 ends the
  // process.
  const { interruption } = await import('./signals.ts');
  interruption.refuseDebugger();
  await import('./command-line.ts');
} catch (error) {
  const isExhausted = /\bE[MN]FILE\b/.test(String(error));
  if (!isExhausted) throw error;
  // The diagnostic report needs no file descriptor.
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files?: { soft: number } } };
  const limit = userLimits?.open_files?.soft ?? 'few';
  process.stderr.write(
    `cifar10: out of file descriptors: this process may have ${limit} open files (ulimit -n), too few to load the ` +
      'program. Raise the limit: ulimit -n 1024\n',
  );
  process.exitCode = 1;
}
