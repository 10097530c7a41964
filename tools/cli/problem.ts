/** A failure that the command line prints as one line. */
export class CliProblem extends Error {
  constructor(
    message: string,
    /** Exit code: 2 for wrong usage, 1 for everything else. */
    readonly exitCode: 1 | 2 = 1,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Returns the system's code of an error, such as 'ENOENT', or else its message. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  return code ?? error.message;
}
