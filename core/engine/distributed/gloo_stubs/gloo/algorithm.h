// See ../README.md: nothing of it is needed.
#pragma once
