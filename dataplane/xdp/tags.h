/*
 * VLAN tags that an adapter takes out of the frames it receives: the XDP program sees none then, and the
 * reply to a query in a VLAN would leave outside of it. Main thread; errors are written with log_line().
 */
#pragma once

/* What tags_keep() has turned off of an interface's features, to be given back: bits. */
struct tags {
	unsigned off;
};

/*
 * Has the interface `name` leave tags in frames, 802.1Q's and 802.1ad's. Returns 0 with `*tags` for
 * tags_restore(); or -1 if it cannot, and there are VLAN interfaces on it that would get hurt. Without
 * any this is told, and no error.
 */
int tags_keep(const char *name, struct tags *tags);

/* Turns on again what tags_keep() turned off. Nothing if the interface has gone. */
void tags_restore(const char *name, const struct tags *tags);
