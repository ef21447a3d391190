/*
 * Numbers for people: "999", "1.2k", "3.4M", "120G".
 */
#pragma once

#define NUMBER_TEXT_MAX 16

/* Four characters or so; `number` is not negative. */
void number_text(double number, char text[static NUMBER_TEXT_MAX]);
