/**
 * Worker threads run compiled code: Node cannot load TypeScript into them. The path is the same whether the
 * caller itself was compiled or is run from its source by the tests, which build first.
 */
import { resolve } from 'node:path';

export function compiled(path: string): string {
  return resolve(__dirname, '../../dist', path);
}
