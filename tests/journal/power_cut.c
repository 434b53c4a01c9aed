/*
 * A disk that remembers only what was synced. Preloaded into a process, it copies each file of the folder
 * LIVE to the folder STABLE when the file is synced, and only then. As on a real file system, a new file
 * is found after a power cut only once its folder was synced as well; until then its copy is kept aside
 * under a name that ends in ".unnamed". STABLE is then what a power cut would have left of LIVE, with
 * nothing of what the kernel might have written by itself.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UNNAMED ".unnamed"

static void require(int holds, const char *what)
{
    if (!holds) { perror(what); abort(); }
}

static void copy(const char *from, const char *to)
{
    char part[PATH_MAX + 8], block[65536];
    ssize_t count;
    snprintf(part, sizeof part, "%s.part", to);
    int in = open(from, O_RDONLY), out = open(part, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    require(in >= 0 && out >= 0, from);
    while ((count = read(in, block, sizeof block)) > 0)
        require(write(out, block, count) == count, part);
    require(count == 0, from);
    close(in);
    close(out);
    require(rename(part, to) == 0, to); /* a kill in between leaves the older copy */
}

/* What a synced folder says is true of STABLE too: new names appear, deleted names are gone. */
static void follow_names(const char *live, const char *stable)
{
    char kept[PATH_MAX], named[PATH_MAX], original[PATH_MAX];
    struct dirent *entry;
    DIR *folder = opendir(stable);
    require(folder != NULL, stable);
    while ((entry = readdir(folder)) != NULL) {
        int length = strlen(entry->d_name), ending = strlen(UNNAMED);
        if (entry->d_name[0] == '.')
            continue;
        if (length > ending && strcmp(entry->d_name + length - ending, UNNAMED) == 0)
            length -= ending;
        snprintf(kept, sizeof kept, "%s/%s", stable, entry->d_name);
        snprintf(named, sizeof named, "%s/%.*s", stable, length, entry->d_name);
        snprintf(original, sizeof original, "%s/%.*s", live, length, entry->d_name);
        if (access(original, F_OK) != 0)
            require(unlink(kept) == 0, kept);
        else
            require(rename(kept, named) == 0, kept);
    }
    closedir(folder);
}

static void keep(int descriptor)
{
    const char *live = getenv("LIVE"), *stable = getenv("STABLE");
    char link[64], path[PATH_MAX], to[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    require(length > 0 && live != NULL && stable != NULL, "power_cut");
    path[length] = 0;
    size_t prefix = strlen(live);
    if (strcmp(path, live) == 0) {
        follow_names(live, stable);
    } else if (strncmp(path, live, prefix) == 0 && path[prefix] == '/') {
        snprintf(to, sizeof to, "%s%s", stable, path + prefix);
        if (access(to, F_OK) != 0)
            strncat(to, UNNAMED, sizeof to - strlen(to) - 1);
        copy(path, to);
    }
}

static int synced(const char *name, int descriptor)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    int result = real(descriptor);
    if (result == 0)
        keep(descriptor);
    return result;
}

int fsync(int descriptor) { return synced("fsync", descriptor); }
int fdatasync(int descriptor) { return synced("fdatasync", descriptor); }
