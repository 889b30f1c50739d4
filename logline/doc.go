// Package logline splits the lines of CMS logs.
//
// In: the bytes of a line. Out: its time as printed, host, program and text, whatever form the line has; forms mix within a
// file, so each line is looked at by itself. It never looks at words in the text: the program's name at its place decides
// whose line it is. It knows nothing of what a line means. Start at Split.
package logline
