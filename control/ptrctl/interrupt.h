/*
 * Ctrl-C and the like while something is under way that must not be left half done.
 */
#pragma once

/*
 * From now on SIGINT, SIGTERM and SIGHUP take the progress bar away, call `clean_up` if it is not
 * NULL (async-signal-safe things only), write `message` (static) and end the process with 128 plus
 * the signal.
 */
void interrupt_catch(const char *message, void (*clean_up)(void));

/* Between the two they wait. */
void interrupt_hold(void);
void interrupt_release(void);
