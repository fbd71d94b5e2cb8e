/**
 * The ledger is described by the OpenAPI document, and by a page on which people browse it and try it out.
 *
 * The page works without a network: all that it loads is served from here, and its Content-Security-Policy
 * allows nothing else, no inline script either.
 *
 * Anyone may ask for both, as many at once as they like, and read them as slowly as they like. All readers therefore
 * share the same bytes, and one more reader takes up no memory.
 */
import { Controller, Get, Injectable, Param, Res } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Call, Tagged } from './call.js';
import type { Content } from './call-spec.js';
import { Problem } from './problem.js';

/** The document is made once, when the server is set up. */
@Injectable()
export class ApiDocument {
  private bytes = Buffer.alloc(0);

  publish(document: OpenAPIObject): void {
    this.bytes = Buffer.from(JSON.stringify(document));
  }

  get json(): Buffer {
    return this.bytes;
  }
}

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Outcome ledger: the calls</title>
    <link rel="stylesheet" href="docs/swagger-ui.css">
    <link rel="stylesheet" href="docs/page.css">
    <link rel="icon" type="image/png" sizes="32x32" href="docs/favicon-32x32.png">
  </head>
  <body>
    <div id="calls"><noscript>This page needs JavaScript. The same is in <a href="openapi.json">openapi.json</a>.</noscript></div>
    <script src="docs/swagger-ui-bundle.js"></script>
    <script src="docs/page.js"></script>
  </body>
</html>
`;

/** The page shows no badge of a validator, because Swagger UI would ask one on the network. */
const PAGE_SCRIPT = `SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#calls',
  deepLinking: true,
  validatorUrl: null,
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: false,
});
`;

const PAGE_STYLE = 'body { margin: 0; background: #fafafa; }\n';

const CSS = 'text/css; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';

/** The files that are served below /docs, each with its type, and with its text where that is our own. */
const FILES: Readonly<Record<string, { readonly type: string; readonly text?: string }>> = {
  'favicon-32x32.png': { type: 'image/png' },
  'page.css': { type: CSS, text: PAGE_STYLE },
  'page.js': { type: SCRIPT, text: PAGE_SCRIPT },
  'swagger-ui-bundle.js': { type: SCRIPT },
  'swagger-ui.css': { type: CSS },
};

const PACKAGE_DIR = dirname(require.resolve('swagger-ui-dist/package.json'));

/** The policy allows `data:` pictures, because those of Swagger UI are. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const OPENAPI = {
  type: 'object',
  required: ['openapi', 'info', 'paths'],
  properties: { openapi: { const: '3.1.0' }, info: { type: 'object' }, paths: { type: 'object' } },
};

const TEXT: Content = { schema: { type: 'string' } };

@Tagged('Operation')
@Controller()
export class DocsController {
  private readonly read = new Map<string, Buffer>();

  constructor(private readonly document: ApiDocument) {}

  @Get('openapi.json')
  @Call({
    summary: 'Read this description',
    answers: {
      200: {
        says: 'An OpenAPI 3.1 document.',
        content: { 'application/json': { schema: OPENAPI } },
        headers: ['Cache-Control'],
      },
    },
    open: true,
  })
  readOpenApi(@Res({ passthrough: true }) reply: FastifyReply): Buffer {
    void reply.type('application/json; charset=utf-8').header('cache-control', 'no-cache');
    return this.document.json;
  }

  @Get('docs')
  @Call({
    summary: 'Browse this description',
    answers: {
      200: {
        says: 'A page that works without a network.',
        content: { 'text/html': TEXT },
        headers: ['Cache-Control', 'Content-Security-Policy', 'Referrer-Policy', 'X-Content-Type-Options'],
      },
    },
    open: true,
  })
  browseDocs(@Res({ passthrough: true }) reply: FastifyReply): string {
    void reply.type('text/html; charset=utf-8').headers({
      'cache-control': 'no-cache',
      'content-security-policy': POLICY,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    });
    return PAGE;
  }

  @Get('docs/:file')
  @Call({
    summary: 'Read a file of that page',
    params: {
      file: {
        description: 'Its name.',
        schema: { type: 'string', enum: Object.keys(FILES) },
        example: 'swagger-ui.css',
      },
    },
    answers: {
      200: {
        says: 'The file.',
        content: { 'image/png': { schema: {} }, 'text/css': TEXT, 'text/javascript': TEXT },
        headers: ['Cache-Control', 'X-Content-Type-Options'],
      },
    },
    problems: { 404: ['not-found'] },
    open: true,
  })
  readDocsFile(
    @Param('file') name: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Buffer | string {
    const file = Object.hasOwn(FILES, name) ? FILES[name] : undefined;
    if (!file) throw new Problem('not-found', 'there is nothing at this address: see /docs');
    const content = file.text ?? this.bytesOf(name);
    void reply
      .type(file.type)
      .headers({ 'cache-control': 'max-age=3600', 'x-content-type-options': 'nosniff' });
    return content;
  }

  private bytesOf(name: string): Buffer {
    const known = this.read.get(name);
    if (known) return known;
    const bytes = readFileSync(join(PACKAGE_DIR, name));
    this.read.set(name, bytes);
    return bytes;
  }
}
