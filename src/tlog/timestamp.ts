/**
 * Time stamps of checkpoints (RFC 3161): a time-stamping authority signs the SHA-256 of the checkpoint's text together
 * with the time of its clock, and so vouches that the tree head existed by then.
 *
 * A stamp is verified as RFC 3161 and RFC 5652 ask: it has one signer, whose signed attributes hold the digest of the
 * content, and whose certificate is for time stamping alone and was valid at the time of the stamp. The reader names
 * whom to believe by the SHA-256 of a certificate, the signer's or one above it that the stamp holds. RSA (PKCS #1),
 * ECDSA and Ed25519 are known; revocation of certificates is not checked.
 */
import { hash, verify, X509Certificate } from 'node:crypto';
import { elementsIn, encode, only, tagged, TAG, type Element } from './der.js';

const OID = {
  sha256: '608648016503040201',
  sha384: '608648016503040202',
  sha512: '608648016503040203',
  signedData: '2a864886f70d010702',
  tstInfo: '2a864886f70d0109100104',
  contentType: '2a864886f70d010903',
  messageDigest: '2a864886f70d010904',
} as const;
const DIGESTS: Readonly<Record<string, string>> = {
  [OID.sha256]: 'sha256',
  [OID.sha384]: 'sha384',
  [OID.sha512]: 'sha512',
};
const TIME_STAMPING = '1.3.6.1.5.5.7.3.8';
const CHAIN_MAX = 5;

export interface TimeStamp {
  readonly timeMs: number;
  readonly nonce: Buffer | null;
  /** The SHA-256 of the certificates that vouch for the stamp, in hexadecimal, the signer's first. */
  readonly certificates: readonly string[];
}

export class BadTimeStamp extends Error {
  constructor(message: string) {
    super(`not a time stamp of this: ${message}`);
    this.name = 'BadTimeStamp';
  }
}

const imprintOf = (text: string) => hash('sha256', text, 'buffer');

/** @param nonce eight bytes, the first from 1 to 127 */
export function timeStampRequest(text: string, nonce: Buffer): Buffer {
  const sha256 = encode(TAG.sequence, encode(TAG.oid, Buffer.from(OID.sha256, 'hex')), Buffer.from([5, 0]));
  const imprint = encode(TAG.sequence, sha256, encode(TAG.octets, imprintOf(text)));
  const version = encode(TAG.integer, Buffer.from([1]));
  const wantsCertificates = Buffer.from([1, 1, 0xff]);
  return encode(TAG.sequence, version, imprint, encode(TAG.integer, nonce), wantsCertificates);
}

/** @throws BadTimeStamp where the authority granted none */
export function tokenIn(response: Buffer): Buffer {
  return reading(() => {
    const [status, token] = elementsIn(only(response, TAG.sequence).content);
    const [code] = elementsIn(tagged(status, TAG.sequence).content);
    const granted = tagged(code, TAG.integer).content[0];
    if (granted !== 0 && granted !== 1) throw new Error(`the authority refused it (${granted})`);
    return tagged(token, TAG.sequence).bytes;
  });
}

/**
 * Verifies that the token stamps this text; the caller decides whether to believe its certificates. @throws
 * BadTimeStamp
 */
export function verifyTimeStamp(token: Buffer, text: string): TimeStamp {
  return reading(() => {
    const { content, certificates, signer } = signedDataIn(token);
    const { timeMs, nonce } = infoIn(content, text);
    const issued = certificates.find((certificate) => isSignedWith(certificate, signer));
    if (!issued) throw new Error('no certificate in it verifies its signature');
    // `keyUsage` holds the purposes of the extended key usage; Node's types do not declare it so.
    const purposes = issued.keyUsage as readonly string[] | undefined;
    if (purposes?.length !== 1 || purposes[0] !== TIME_STAMPING)
      throw new Error('its signer is no time-stamping authority');
    if (timeMs < Date.parse(issued.validFrom) || timeMs > Date.parse(issued.validTo))
      throw new Error('its certificate was not valid then');
    checkAttributes(signer, content);
    const chain = chainOf(issued, certificates).map((one) =>
      one.fingerprint256.replaceAll(':', '').toLowerCase(),
    );
    return { timeMs, nonce, certificates: chain };
  });
}

export interface Stamped {
  readonly by: string;
  readonly time: string;
}

/**
 * Finds the stamp of a text by a believed authority. A stamp by any other does not count: anyone can make one.
 * @param authorities names by the SHA-256 of a certificate; where there are none, no stamp is needed
 * @throws BadTimeStamp where the token does not stamp this text
 * @throws Error where there is no token, or it is by no believed authority
 */
export function stampIn(
  token: string | null,
  text: string,
  authorities: ReadonlyMap<string, string>,
): Stamped | null {
  if (authorities.size === 0) return null;
  const named = [...authorities.values()].join(', ');
  if (token === null) throw new Error(`the checkpoint has no time stamp by ${named}`);
  const { timeMs, certificates } = verifyTimeStamp(Buffer.from(token, 'base64'), text);
  const by = certificates.map((one) => authorities.get(one)).find((name) => name !== undefined);
  if (by === undefined)
    throw new Error(`the time stamp is by the certificate ${certificates[0]}, and by none of ${named}`);
  return { by, time: new Date(timeMs).toISOString() };
}

function reading<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    throw new BadTimeStamp((error as Error).message);
  }
}

interface Signer {
  readonly digest: string;
  readonly attributes: Element;
  readonly signature: Buffer;
}

/** RFC 5652, section 5.1. */
function signedDataIn(token: Buffer) {
  const [type, wrapped] = elementsIn(only(token, TAG.sequence).content);
  if (oidOf(type) !== OID.signedData) throw new Error('it holds no signed data');
  const parts = elementsIn(only(tagged(wrapped, TAG.context(0)).content, TAG.sequence).content);
  const [, , encapsulated, certified] = parts;
  const [contentType, content] = elementsIn(tagged(encapsulated, TAG.sequence).content);
  if (oidOf(contentType) !== OID.tstInfo) throw new Error('its signed content is no time stamp');
  const [signer, ...more] = elementsIn(tagged(parts.at(-1), TAG.set).content);
  if (more.length > 0) throw new Error('it has several signers');
  return {
    content: only(tagged(content, TAG.context(0)).content, TAG.octets).content,
    certificates: elementsIn(tagged(certified, TAG.context(0)).content).map(
      ({ bytes }) => new X509Certificate(bytes),
    ),
    signer: signerIn(tagged(signer, TAG.sequence)),
  };
}

function signerIn({ content }: Element): Signer {
  const [, , digest, attributes, , signature] = elementsIn(content);
  const name = DIGESTS[oidOf(elementsIn(tagged(digest, TAG.sequence).content)[0])];
  if (name === undefined) throw new Error('its digest is none of SHA-256, SHA-384 and SHA-512');
  return {
    digest: name,
    attributes: tagged(attributes, TAG.context(0)),
    signature: tagged(signature, TAG.octets).content,
  };
}

/** RFC 5652, section 5.4: the signature covers the attributes as a SET, whose tag the message replaces by another. */
function isSignedWith({ publicKey }: X509Certificate, { digest, attributes, signature }: Signer): boolean {
  const signed = Buffer.concat([Buffer.from([TAG.set]), attributes.bytes.subarray(1)]);
  const type = publicKey.asymmetricKeyType;
  if (type !== 'rsa' && type !== 'ec' && type !== 'ed25519') return false;
  return verify(type === 'ed25519' ? null : digest, signed, publicKey, signature);
}

function checkAttributes({ attributes, digest }: Signer, content: Buffer): void {
  const values = new Map<string, Element>();
  for (const attribute of elementsIn(attributes.content)) {
    const [type, set] = elementsIn(tagged(attribute, TAG.sequence).content);
    if (values.has(oidOf(type))) throw new Error('an attribute stands twice');
    values.set(oidOf(type), tagged(set, TAG.set));
  }
  const value = (oid: string, tag: number) => only(values.get(oid)?.content ?? Buffer.alloc(0), tag).content;
  if (value(OID.contentType, TAG.oid).toString('hex') !== OID.tstInfo)
    throw new Error('it signs another type');
  if (!value(OID.messageDigest, TAG.octets).equals(hash(digest, content, 'buffer')))
    throw new Error('its signature is of another content');
}

/** RFC 3161, section 2.4.2. */
function infoIn(content: Buffer, text: string): Pick<TimeStamp, 'timeMs' | 'nonce'> {
  const [, , imprint, , time, ...options] = elementsIn(only(content, TAG.sequence).content);
  const [algorithm, hashed] = elementsIn(tagged(imprint, TAG.sequence).content);
  if (oidOf(elementsIn(tagged(algorithm, TAG.sequence).content)[0]) !== OID.sha256)
    throw new Error('it stamps a digest that is not a SHA-256');
  if (!tagged(hashed, TAG.octets).content.equals(imprintOf(text))) throw new Error('it stamps another text');
  const digits = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{1,3})\d*)?Z$/.exec(
    tagged(time, TAG.time).content.toString('latin1'),
  );
  if (!digits) throw new Error('its time cannot be read');
  const [year, month, day, hour, minute, second, fraction = '0'] = digits.slice(1);
  const timeMs = Date.parse(
    `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction.padEnd(3, '0')}Z`,
  );
  if (Number.isNaN(timeMs)) throw new Error('its time does not exist');
  return { timeMs, nonce: options.find(({ tag }) => tag === TAG.integer)?.content ?? null };
}

function chainOf(signer: X509Certificate, certificates: readonly X509Certificate[]): X509Certificate[] {
  const chain = [signer];
  while (chain.length < CHAIN_MAX) {
    const last = chain.at(-1)!;
    const above = certificates.find(
      (one) => one.ca && !chain.includes(one) && last.checkIssued(one) && last.verify(one.publicKey),
    );
    if (!above) break;
    chain.push(above);
  }
  return chain;
}

function oidOf(element: Element | undefined): string {
  return tagged(element, TAG.oid).content.toString('hex');
}
