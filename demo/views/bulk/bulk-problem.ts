/** Why a source of an import cannot be used as a whole. */

export type ProblemKind = 'bomb' | 'encrypted' | 'unreadable' | 'columns' | 'empty' | 'lists';

export class SourceProblem extends Error {
  /** @param file which one */
  constructor(
    readonly kind: ProblemKind,
    readonly file: string,
    options?: ErrorOptions,
  ) {
    super(`${file}: ${kind}`, options);
  }
}
