#include "client.h"
int delta_main(int c, char **v){(void)c;(void)v;return 1;}
