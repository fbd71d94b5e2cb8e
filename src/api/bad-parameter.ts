/**
 * A query parameter says something impossible: a moment that never was, years that run backwards, a page that is none.
 */
export class BadParameter extends Error {
  constructor(
    message: string,
    readonly parameter: string,
  ) {
    super(message);
    this.name = 'BadParameter';
  }
}
