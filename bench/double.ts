/** The protocol double in a process of its own, so that it takes no time of the ledger's. */
import { ProtocolDouble } from '../test/double/protocol-double.js';

void ProtocolDouble.start().then((double) => process.send!(double.url));
