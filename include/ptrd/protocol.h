/*
 * Control protocol: JSON-RPC 2.0, one object per line, on a unix stream socket. Requests may be
 * pipelined; replies carry the request's id and come in the order of the requests. README.md lists
 * the methods with their parameters.
 *
 * After the reply to `watch`, and only then, lines without an id may come between the replies: the
 * notification "change" with a change as its params, or "watch.ended" with an error object, behind
 * which no "change" comes before the next `watch`.
 */
#pragma once

#define PTRD_SOCKET_FILE "control.sock" /* in the run directory, unless configured */
#define PTRD_LINE_MAX (1024 * 1024)     /* bytes of a line, its newline included */

/* A project's name: 1 to 64 of these. */
#define PTRD_PROJECT_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
#define PTRD_PROJECT_LEN_MAX 64

/* JSON-RPC 2.0 section 5.1, and one code for every refusal by a rule of ours (data.code names
 * it). */
#define PTRD_RPC_PARSE_ERROR (-32700)
#define PTRD_RPC_INVALID_REQUEST (-32600)
#define PTRD_RPC_METHOD_NOT_FOUND (-32601)
#define PTRD_RPC_INVALID_PARAMS (-32602)
#define PTRD_RPC_REFUSED (-32000)

/* clang-format off */

/*
 * Stable codes in the `data.code` of an error: X(identifier, code, meaning). A refusal has changed
 * nothing, except where `data.stored` is true (NOT_STEADY only): then the change is durable, as of
 * `data.revision`, and will be served, but the dataplane has not taken it up in time.
 */
#define PTRD_ERRORS(X) \
	X(INTERNAL,           "DNS.0001", "internal error; the message tells the cause") \
	X(INVALID_REQUEST,    "DNS.0002", "invalid request") \
	X(INVALID_LIMIT,      "DNS.0006", "invalid limit") \
	X(INVALID_MARKER,     "DNS.0007", "invalid marker") \
	X(NO_PERMISSION,      "DNS.0013", "no permission") \
	X(INVALID_OFFSET,     "DNS.0017", "invalid offset") \
	X(QUOTA,              "DNS.0405", "quota exceeded") \
	X(INVALID_PTR_ID,     "DNS.0501", "invalid PTR id") \
	X(NO_EIP,             "DNS.0502", "EIP does not exist") \
	X(NOT_STEADY,         "DNS.0503", "not in a steady state") \
	X(INVALID_EIP_ID,     "DNS.0504", "invalid EIP id") \
	X(INVALID_NAME,       "DNS.0505", "invalid domain name") \
	X(INVALID_TTL,        "DNS.0506", "invalid TTL") \
	X(NO_PTR,             "DNS.0507", "PTR record does not exist") \
	X(LONG_DESCRIPTION,   "DNS.0508", "description too long") \
	X(INVALID_REGION,     "DNS.0601", "invalid region") \
	X(INVALID_ADDRESS,    "DNS.0602", "invalid address") \
	X(TOO_MANY_TAGS,      "DNS.1001", "too many tags") \
	X(INVALID_TAG_KEY,    "DNS.1002", "invalid tag key") \
	X(INVALID_TAG_VALUE,  "DNS.1003", "invalid tag value")

/* clang-format on */

#define PTRD_ENUM_ERROR(id, code, text) PTRD_ERR_##id,
enum ptrd_error {
	PTRD_ERRORS(PTRD_ENUM_ERROR) PTRD_ERR_COUNT
};
#undef PTRD_ENUM_ERROR
