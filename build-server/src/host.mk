# libserver: the update service without its main(), so that tests can use its parts.
# SPDX-License-Identifier: MIT
library  := server
sources  := server.c start.c adapt/sqlite/*.c adapt/git/*.c adapt/http/*.c adapt/tls/*.c adapt/sandbox/*.c \
            adapt/planner/ask.c adapt/planner/serve.c adapt/fetch/*.c signer/*.c pipeline/*.c fleet/*.c api/*.c
uses     := base manifest core planner
packages := libmicrohttpd libgit2 jansson sqlite3 gnutls
links    := -lpthread

# Files that are compiled in.
$(foreach f,plain san fuzz,$(eval $(B)/obj/$f/server/build-server/src/adapt/sqlite/db.o: $(wildcard build-server/src/adapt/sqlite/*.sql)))
$(foreach f,plain san fuzz,$(eval $(B)/obj/$f/server/build-server/src/api/operator.o: build-server/openapi.json))
$(foreach f,plain san fuzz,$(eval $(B)/obj/$f/server/build-server/src/adapt/fetch/fetch.o: deploy/fetch-source))
