/** Checks lines of a bundle as those of a file are checked. */
import { BundleCheck, type CheckOptions } from '../../src/checker/bundle-check.js';
import type { Verdict } from '../../src/checker/verdict.js';

export function checkLines(lines: readonly string[], options: CheckOptions): Verdict {
  const check = new BundleCheck(options);
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
  for (let start = 0, end; (end = bytes.indexOf('\n', start)) >= 0; start = end + 1) {
    check.takeLine(bytes, start, end);
  }
  return check.end();
}
