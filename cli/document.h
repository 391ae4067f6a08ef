/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLI_DOCUMENT_H
#define CLI_DOCUMENT_H

#include <stdio.h>

#include "options.h"

/* The tables as the build needs them: man/ and completion/ insert these into their sources. */

/* The OPTIONS section of one verb for scdoc(5), and COLUMNS where it has them. */
void document_scdoc(const struct cli_verb *verb, FILE *out);

/* All verbs, for cowctl(8). */
void document_scdoc_verbs(FILE *out);

/* What completion/cowctl.bash.in looks up, as functions of the shell. */
void document_bash(FILE *out);
/* _arguments specifications, one function per verb. */
void document_zsh(FILE *out);
/* complete commands. */
void document_fish(FILE *out);

#endif
