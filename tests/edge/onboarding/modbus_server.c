/* A Modbus TCP server that is not ours (Debian's libmodbus), with a meter and a small PLC behind one address.
 *
 *     modbus_server
 *
 * Prints its port when ready, on 127.0.0.1. Unit 1 is a meter with the input registers of an Eastron SDM630, unit 5 a
 * PLC with holding registers; any other unit is answered as a gateway does whose target is silent (exception 0x0B).
 * Takes one command a line and answers "done <writes seen>":
 *     make N     the PLC made N parts (holding 3, its low word; holding 2 the high word), energy rises by N Wh
 *     run N      makes N parts a second from now on
 * The PLC has no holding registers 10 to 19 (exception 2), and nothing beyond 39.
 */
#include <errno.h>
#include <modbus/modbus.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS_MAX 16
enum { METER = 1, PLC = 5 };

static modbus_mapping_t *meter, *plc;
static double energy_kwh = 1234.5;
static unsigned long parts = 65533, writes = 0;

static void show_float(uint16_t *at, float value) {
    uint32_t raw;
    memcpy(&raw, &value, sizeof raw);
    at[0] = raw >> 16;
    at[1] = raw & 0xFFFF;
}

static void show_all(void) {
    static const float volts[] = {230.5f, 231.25f, 229.75f};
    for (int phase = 0; phase < 3; phase++) {
        show_float(&meter->tab_input_registers[2 * phase], volts[phase]);
        show_float(&meter->tab_input_registers[6 + 2 * phase], 4.5f);
    }
    show_float(&meter->tab_input_registers[0x34], 3100.0f);
    show_float(&meter->tab_input_registers[0x46], 50.02f);
    show_float(&meter->tab_input_registers[0x48], (float)energy_kwh);
    plc->tab_registers[0] = 2;
    plc->tab_registers[1] = 2305;
    plc->tab_registers[2] = parts >> 16;
    plc->tab_registers[3] = parts & 0xFFFF;
    show_float(&plc->tab_registers[20], 61.25f);
}

static void make(unsigned long count) {
    parts += count;
    energy_kwh += count / 1000.0;
    show_all();
}

static int hits_hole(const uint8_t *request, int header) {
    int start = request[header + 1] << 8 | request[header + 2], count = request[header + 3] << 8 | request[header + 4];
    return request[header] == MODBUS_FC_READ_HOLDING_REGISTERS && start < 20 && start + count > 10;
}

static int serve(modbus_t *bus, int client) {
    uint8_t request[MODBUS_TCP_MAX_ADU_LENGTH];
    modbus_set_socket(bus, client);
    int length = modbus_receive(bus, request);
    if (length <= 0) return length;
    int header = modbus_get_header_length(bus), unit = request[header - 1];
    if (request[header] != MODBUS_FC_READ_HOLDING_REGISTERS && request[header] != MODBUS_FC_READ_INPUT_REGISTERS) writes++;
    if (unit != METER && unit != PLC)
        return modbus_reply_exception(bus, request, MODBUS_EXCEPTION_GATEWAY_TARGET);
    if (unit == PLC && hits_hole(request, header))
        return modbus_reply_exception(bus, request, MODBUS_EXCEPTION_ILLEGAL_DATA_ADDRESS);
    return modbus_reply(bus, request, length, unit == METER ? meter : plc);
}

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

int main(void) {
    modbus_t *bus = modbus_new_tcp("127.0.0.1", 0);
    meter = modbus_mapping_new(0, 0, 0, 400);
    plc = modbus_mapping_new(0, 0, 40, 0);
    int listening = bus && meter && plc ? modbus_tcp_listen(bus, CLIENTS_MAX) : -1;
    struct sockaddr_in own;
    socklen_t size = sizeof own;
    if (listening < 0 || getsockname(listening, (struct sockaddr *)&own, &size)) return 1;
    show_all();
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("%d\n", ntohs(own.sin_port));

    struct pollfd fds[2 + CLIENTS_MAX] = {{.fd = 0, .events = POLLIN}, {.fd = listening, .events = POLLIN}};
    int count = 2, per_s = 0;
    double next = 0;
    for (;;) {
        if (poll(fds, count, 20) < 0 && errno != EINTR) return 1;
        for (double now = now_s(); per_s && next <= now; next += 1.0 / per_s) make(1);
        if (fds[0].revents) {
            char line[64];
            unsigned long number = 0;
            if (!fgets(line, sizeof line, stdin)) return 0;
            if (sscanf(line, "make %lu", &number) == 1) make(number);
            else if (sscanf(line, "run %lu", &number) == 1) { per_s = (int)number; next = now_s(); }
            printf("done %lu\n", writes);
        }
        if (fds[1].revents && count < 2 + CLIENTS_MAX)
            fds[count++] = (struct pollfd){.fd = accept(listening, NULL, NULL), .events = POLLIN};
        for (int index = 2; index < count; index++) {
            if (!fds[index].revents) continue;
            fds[index].revents = 0;
            if (serve(bus, fds[index].fd) < 0) {
                close(fds[index].fd);
                fds[index--] = fds[--count];
            }
        }
    }
}
