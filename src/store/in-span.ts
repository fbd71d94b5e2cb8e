/**
 * A piece of work as a span of a trace, where traces are made: otherwise it is the work and nothing else, since no
 * more than this file and the interfaces of OpenTelemetry is ever loaded then (src/operation/tracing.ts loads the rest).
 *
 * A span says how long, and of a fault what kind it is. Neither names nor messages go into it: traces are kept by
 * other systems, for other readers, than outcomes are.
 */
import { SpanStatusCode, trace, type Attributes, type Tracer } from '@opentelemetry/api';

let tracer: Tracer | null = null;

/** From now on, or with null no longer. */
export function traceWith(made: Tracer | null): void {
  tracer = made;
}

/** Within that of a request: what the ledger does of itself is of no trace. */
export function inSpan<Result>(
  name: string,
  attributes: Attributes,
  work: () => Promise<Result>,
): Promise<Result> {
  if (tracer === null || !trace.getActiveSpan()) return work();
  return tracer.startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await work();
    } catch (error) {
      const kind = (error as Error).name;
      span.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', kind);
      throw error;
    } finally {
      span.end();
    }
  });
}
