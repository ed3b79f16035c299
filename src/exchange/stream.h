/* An answer without an end: 200 with a head, and then bytes whenever there is something to say, as
 * server-sent events are. An endpoint's last step embeds a struct stream in memory of the
 * exchange's arena and returns exchange_stream(); http carries it out.
 *
 * Lifetime: the exchange's memory lives until `gone` has run, which is the last call and comes
 * once, whether the stream began or not. The exchange's snapshot is let go when it begins: whoever
 * writes later asks for the one of then. All calls are on the worker's thread, and none of http's
 * comes from within stream_write() or stream_end(). */
#ifndef EXCHANGE_STREAM_H
#define EXCHANGE_STREAM_H

#include "exchange/exchange.h"

/* Bytes that were written and not yet taken by the peer's system, at most. */
enum { STREAM_UNSENT_MAX = 256 * 1024 };

struct stream;

struct stream_ops {
    bool (*write)(struct stream *stream, struct str bytes);
    size_t (*unsent)(const struct stream *stream);
    bool (*is_half_closed)(const struct stream *stream);
    void (*end)(struct stream *stream);
};

struct stream {
    /* the endpoint's */
    void (*begun)(struct stream *stream);   /* it may be written to from here on */
    void (*drained)(struct stream *stream); /* nothing is unsent any more */
    void (*gone)(struct stream *stream);    /* the peer has left, it was ended, or never began */

    /* http's */
    const struct stream_ops *ops;
    void *impl;
};

/* DONE. content_type is a constant. Where no stream can be had (their number is bounded, a drain
 * has begun) http answers 503 in its place. */
enum step_result exchange_stream(struct exchange *x, struct str content_type,
                                 struct stream *stream);

/* Copies the bytes and sends them as soon as what was written before is sent. False when they would
 * not fit in STREAM_UNSENT_MAX, or memory is short: nothing was taken, and the stream goes on. */
static inline bool stream_write(struct stream *stream, struct str bytes)
{
    return stream->ops->write(stream, bytes);
}

static inline size_t stream_unsent(const struct stream *stream)
{
    return stream->ops->unsent(stream);
}

/* The peer sends nothing any more: it may still read, or have left; only writing tells. */
static inline bool stream_is_half_closed(const struct stream *stream)
{
    return stream->ops->is_half_closed(stream);
}

/* Ends the answer as it ought to end, behind what is unsent. Nothing is written behind it; once
 * more is harmless. */
static inline void stream_end(struct stream *stream)
{
    stream->ops->end(stream);
}

#endif
