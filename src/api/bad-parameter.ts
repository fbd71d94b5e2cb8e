/** A query parameter that says something impossible: no such moment, years that run backwards, a place that is no page. */
export class BadParameter extends Error {
  constructor(
    message: string,
    readonly parameter: string,
  ) {
    super(message);
    this.name = 'BadParameter';
  }
}
