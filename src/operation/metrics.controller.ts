/**
 * The metrics of the process, for Prometheus. The call needs a key like every other, because they are for the
 * operator only.
 */
import { Controller, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Call, Tagged } from '../api/call.js';
import { Metrics } from './metrics.js';

@Tagged('Operation')
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: Metrics) {}

  @Get()
  @Call({
    may: { auditor: true },
    summary: 'Read the numbers of this process',
    description:
      'In the text format of Prometheus, which is given the key as `authorization` of its scrape job.',
    answers: {
      200: {
        says: 'Gauges and counters, each with its meaning.',
        content: {
          'text/plain': {
            schema: { type: 'string' },
            example:
              '# HELP ledger_sequence Of the last event that is projected; -1 before the first.\n# TYPE ledger_sequence gauge\nledger_sequence 41\n',
          },
        },
      },
    },
  })
  readMetrics(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    void reply.type(this.metrics.contentType);
    return this.metrics.text();
  }
}
