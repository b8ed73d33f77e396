// What the page and `wsimd serve` agree on. It imports nothing: both sides import it.
//
// The page opens a WebSocket to TAP_PATH. The first message is a text: the id of the tap. Then it opens its connection to
// ECHO_PATH with that id as TAP_PARAMETER, and the tap brings one binary message for each piece that passes on that
// connection: a direction byte, then the bytes as they stand on the wire, heads of the handshake included. When the
// connection has ended, the server closes the tap. A text that the page sends over the tap has the server ping the
// connection, with this text as the payload. If the page asks too much, the server closes the tap with TAP_REFUSED and a
// reason; the connection goes on.

export const ECHO_PATH = '/echo';
export const TAP_PATH = '/tap';
export const TAP_PARAMETER = 'tap';
/** A parameter of ECHO_PATH: messages are compressed, if the browser offers it. */
export const DEFLATE_PARAMETER = 'deflate';
/** Policy violation (RFC 6455 section 7.4.1). */
export const TAP_REFUSED = 1008;

/** From the browser to the server. */
export const TO_SERVER = 0;
/** From the server to the browser. */
export const TO_BROWSER = 1;
