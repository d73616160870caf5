// Whether there is a screen to open a window on: Qt ends a program that finds none, with nothing said that helps a person.
#pragma once

// Also where a platform that needs none was asked for by name.
bool hasDisplay(int argc, char** argv);
// On standard error, in the words of the command line: why no window can be opened, and what to do.
void tellOfNoDisplay();
