/** The server alone, for process managers: the same as `ledger serve`. */
import { serve } from './serve.js';

serve().catch((error: unknown) => {
  process.stderr.write(`ledger: ${(error as Error).message}\n`);
  process.exitCode = 1;
});
