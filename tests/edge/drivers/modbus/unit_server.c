/* Modbus units that are not ours (Debian's libmodbus), on TCP or on a serial line, with registers we set.
 *
 *     unit_server tcp              prints its port on 127.0.0.1; units 1 to 8, any other is answered with exception 0x0B
 *     unit_server rtu DEVICE UNIT  prints "0" when it listens, 9600 8N1
 *
 * One command a line, answered "done <requests seen>":
 *     put UNIT TABLE START WORD…           hexadecimal words (or 0 and 1 for coil and discrete)
 *     float UNIT TABLE START ORDER VALUE
 *     double UNIT TABLE START ORDER VALUE
 *     int UNIT TABLE START ORDER BITS VALUE
 *     look UNIT TABLE START COUNT          answers "done <words in hexadecimal>"
 * The words of a number are ordered here, in C, so that the edge's decoder has a witness; not by modbus_set_float_*, whose
 * names mean other orders in libmodbus 3.1.6.
 */
#include <errno.h>
#include <modbus/modbus.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define UNITS 9
#define CLIENTS_MAX 16
#define SIZE 65536

static modbus_mapping_t *units[UNITS];
static unsigned long requests = 0;

static uint16_t *registers(int unit, const char *table) {
    return strcmp(table, "input") ? units[unit]->tab_registers : units[unit]->tab_input_registers;
}

static uint8_t *bits(int unit, const char *table) {
    return strcmp(table, "discrete") ? units[unit]->tab_bits : units[unit]->tab_input_bits;
}

static int is_bits(const char *table) { return !strcmp(table, "coil") || !strcmp(table, "discrete"); }

static void put_number(uint16_t *at, uint64_t raw, int words, const char *order) {
    for (int word = 0; word < words; word++) {
        uint16_t part = raw >> 16 * (words - 1 - word);
        if (!strcmp(order, "BADC") || !strcmp(order, "DCBA")) part = (part & 0xFF) << 8 | part >> 8;
        at[!strcmp(order, "CDAB") || !strcmp(order, "DCBA") ? words - 1 - word : word] = part;
    }
}

static void put(int unit, const char *table, int start, char *words) {
    for (char *word = strtok(words, " \n"); word; word = strtok(NULL, " \n"), start++) {
        unsigned long value = strtoul(word, NULL, 16);
        if (is_bits(table)) bits(unit, table)[start] = (uint8_t)value;
        else registers(unit, table)[start] = (uint16_t)value;
    }
}

static int obey(void) {
    char line[4096], verb[16], table[16], order[16];
    int unit, start, size, used = 0;
    if (!fgets(line, sizeof line, stdin)) return 0;
    if (sscanf(line, "%15s %d %15s %d %n", verb, &unit, table, &start, &used) < 4) return 1;
    char *rest = line + used;
    if (!strcmp(verb, "put")) put(unit, table, start, rest);
    else if (!strcmp(verb, "look")) {
        printf("done");
        for (int index = 0; index < atoi(rest); index++)
            printf(" %04X", is_bits(table) ? bits(unit, table)[start + index] : registers(unit, table)[start + index]);
        printf("\n");
        return 1;
    } else if (!strcmp(verb, "float")) {
        sscanf(rest, "%15s %n", order, &used);
        float value = strtof(rest + used, NULL);
        uint32_t raw;
        memcpy(&raw, &value, sizeof raw);
        put_number(registers(unit, table) + start, raw, 2, order);
    } else if (!strcmp(verb, "double")) {
        sscanf(rest, "%15s %n", order, &used);
        double value = strtod(rest + used, NULL);
        uint64_t raw;
        memcpy(&raw, &value, sizeof raw);
        put_number(registers(unit, table) + start, raw, 4, order);
    } else if (!strcmp(verb, "int")) {
        sscanf(rest, "%15s %d %n", order, &size, &used);
        const char *text = rest + used;
        uint64_t raw = *text == '-' ? (uint64_t)strtoll(text, NULL, 10) : strtoull(text, NULL, 10);
        put_number(registers(unit, table) + start, raw, size / 16, order);
    }
    printf("done %lu\n", requests);
    return 1;
}

static int serve(modbus_t *bus, uint8_t *request) {
    int length = modbus_receive(bus, request);
    if (length <= 0) return length;
    requests++;
    int unit = request[modbus_get_header_length(bus) - 1];
    if (unit < 1 || unit >= UNITS) return modbus_reply_exception(bus, request, MODBUS_EXCEPTION_GATEWAY_TARGET);
    return modbus_reply(bus, request, length, units[unit]);
}

static int listen_tcp(modbus_t *bus) {
    int listening = modbus_tcp_listen(bus, CLIENTS_MAX);
    struct sockaddr_in own;
    socklen_t size = sizeof own;
    if (listening < 0 || getsockname(listening, (struct sockaddr *)&own, &size)) return -1;
    printf("%d\n", ntohs(own.sin_port));
    return listening;
}

int main(int count, char **words) {
    int rtu = count == 4 && !strcmp(words[1], "rtu");
    modbus_t *bus = rtu ? modbus_new_rtu(words[2], 9600, 'N', 8, 1) : modbus_new_tcp("127.0.0.1", 0);
    for (int unit = 1; unit < UNITS; unit++) units[unit] = modbus_mapping_new(SIZE, SIZE, SIZE, SIZE);
    setvbuf(stdout, NULL, _IOLBF, 0);
    struct pollfd fds[2 + CLIENTS_MAX] = {{.fd = 0, .events = POLLIN}, {.events = POLLIN}};
    if (rtu) {
        if (modbus_set_slave(bus, atoi(words[3])) || modbus_connect(bus)) return 1;
        fds[1].fd = modbus_get_socket(bus);
        printf("0\n");
    } else if ((fds[1].fd = listen_tcp(bus)) < 0) return 1;

    uint8_t request[MODBUS_TCP_MAX_ADU_LENGTH];
    for (int open = 2;;) {
        if (poll(fds, open, -1) < 0 && errno != EINTR) return 1;
        if (fds[0].revents && !obey()) return 0;
        if (fds[1].revents && rtu) serve(bus, request);
        else if (fds[1].revents && open < 2 + CLIENTS_MAX)
            fds[open++] = (struct pollfd){.fd = accept(fds[1].fd, NULL, NULL), .events = POLLIN};
        for (int index = 2; index < open; index++) {
            if (!fds[index].revents) continue;
            fds[index].revents = 0;
            modbus_set_socket(bus, fds[index].fd);
            if (serve(bus, request) < 0) {
                close(fds[index].fd);
                fds[index--] = fds[--open];
            }
        }
    }
}
