/**
 * Traces of requests for a collector that speaks OTLP over HTTP. This file, and the SDK with it, is loaded only
 * where a collector is configured. The SDK's own variables say where spans go and how many are taken
 * (docs/operating.md).
 *
 * A request that was let in is a span, part of its caller's trace where it brings a `traceparent`. Its appends
 * and its waits for the read models are spans within (store/in-span.ts). Spans name methods, routes and statuses;
 * they have no address with its ids and questions, no body and no key. Spans that no collector takes in time are
 * dropped, and no request waits for them.
 */
import { Logger } from '@nestjs/common';
import {
  context,
  diag,
  DiagLogLevel,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { inTime } from '../kernel/in-time.js';
import { traceWith } from '../store/in-span.js';
import { VERSION } from '../kernel/version.js';

/** The end of the process waits at most so long for the last spans: the collector may be gone. */
const CLOSE_MS_MAX = 1_000;
/** Routes that are called every few seconds, whose spans would bury the others. */
const UNTRACED = /^\/(health\/|metrics$)/;

export function traceRequests(fastify: FastifyInstance): void {
  const provider = startProvider();
  const tracer = provider.getTracer('outcome-ledger', VERSION);
  const contexts = new WeakMap<FastifyRequest, Context>();
  traceWith(tracer);

  fastify.addHook('onRequest', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    if (UNTRACED.test(route)) return done();
    const parent = propagation.extract(ROOT_CONTEXT, request.headers);
    const options = {
      kind: SpanKind.SERVER,
      startTime: Date.now() - reply.elapsedTime,
      attributes: {
        'http.request.method': request.method,
        'http.route': route,
        // The log, the answer and the recorded events have the same id.
        'ledger.request_id': request.id,
      },
    };
    const span = tracer.startSpan(`${request.method} ${route}`, options, parent);
    contexts.set(request, trace.setSpan(parent, span));
    done();
  });
  // The context must be entered again here: one that was entered before the body was read is lost, because the
  // body comes with events of the socket.
  fastify.addHook('preValidation', (request, _reply, done) => {
    context.with(contexts.get(request) ?? ROOT_CONTEXT, done);
  });
  fastify.addHook('onResponse', (request, { statusCode }, done) => {
    const entered = contexts.get(request);
    const span = entered && trace.getSpan(entered);
    span?.setAttribute('http.response.status_code', statusCode);
    if (statusCode >= 500) span?.setStatus({ code: SpanStatusCode.ERROR });
    span?.end();
    done();
  });
  fastify.addHook('onClose', async () => {
    traceWith(null);
    // The SDK logs the spans that it could not send; the ledger has ended well without them.
    await inTime(CLOSE_MS_MAX, provider.shutdown(), nothing).catch(nothing);
  });
}

const nothing = () => undefined;

function startProvider(): NodeTracerProvider {
  const logger = new Logger('Traces');
  const say = (message: string) => logger.warn(message);
  diag.setLogger(
    { error: say, warn: say, info: nothing, debug: nothing, verbose: nothing },
    { logLevel: DiagLogLevel.WARN },
  );
  const named = resourceFromAttributes({ 'service.name': 'outcome-ledger', 'service.version': VERSION });
  const provider = new NodeTracerProvider({
    resource: defaultResource()
      .merge(named)
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  provider.register();
  return provider;
}
