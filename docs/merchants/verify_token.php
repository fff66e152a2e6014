<?php
// Verify a Clickrail click token: `php verify_token.php KEYS.json TOKEN` prints the click id, or exits with 1.
declare(strict_types=1);

const TOKEN = '/^([0-7][0-9A-HJKMNP-TV-Z]{25})\.([a-z0-9]{2})([0-9A-HJKMNP-TV-Z]{16})$/D';
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** Read what `clickrail keys export-token` printed. Keep the file secret, outside the web root. */
function read_keys(string $path): array
{
    $keys = [];
    foreach (json_decode(file_get_contents($path), true, 8, JSON_THROW_ON_ERROR)['keys'] as $key) {
        $keys[$key['kid']] = base64_decode(strtr($key['key'], '-_', '+/'));
    }
    return $keys;
}

/** Return the click id of a genuine token of this program; null for any other text. */
function verify_token(array $keys, string $token): ?string
{
    if (!preg_match(TOKEN, $token, $found) || !isset($keys[$found[2]])) {
        return null;
    }
    [, $click_id, $kid, $proof] = $found;
    $bits = '';
    foreach (str_split(substr(hash_hmac('sha256', "v1.$kid.$click_id", $keys[$kid], true), 0, 10)) as $byte) {
        $bits .= str_pad(decbin(ord($byte)), 8, '0', STR_PAD_LEFT);
    }
    $expected = implode('', array_map(fn ($five) => DIGITS[bindec($five)], str_split($bits, 5)));
    return hash_equals($expected, $proof) ? $click_id : null;
}

if (realpath($_SERVER['SCRIPT_FILENAME'] ?? '') === __FILE__ && PHP_SAPI === 'cli') {
    $verified = verify_token(read_keys($argv[1]), $argv[2]);
    echo $verified ?? 'not genuine', PHP_EOL;
    exit($verified === null ? 1 : 0);
}
