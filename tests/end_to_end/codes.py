"""The referrals of the traffic: codes that lead on, what they lead to, and codes that are paused."""

REFERRALS = """
    INSERT INTO programs (id, name, status, target_url, fallback_url, privacy) VALUES
        ('shoes', 'Shoes', 'active', 'https://shop.example/a%2Fb?p=a%20b&z=a+b', 'https://shop.example/gone', 'full'),
        ('bags', 'Bags', 'active', 'https://bags.example/?c={click_id}&t={click_token}&a={affiliate_id}', NULL, 'full'),
        ('quiet', 'Quiet', 'active', 'https://quiet.example/', NULL, 'anonymous'),
        ('closed', 'Closed', 'paused', 'https://closed.example/?c={click_id}&k={code}', NULL, 'full');
    INSERT INTO affiliates (id, name, status) VALUES ('lisbon', 'Lisbon', 'active'), ('porto', 'Porto', 'paused');
    INSERT INTO referral_codes (code, affiliate_id, program_id, status, target_url) VALUES
        ('shoes1', 'lisbon', 'shoes', 'active', NULL),
        ('own2', 'lisbon', 'shoes', 'active', 'https://own.example:8443/x#part'),
        ('bags3', 'lisbon', 'bags', 'active', NULL),
        ('quiet4', 'lisbon', 'quiet', 'active', NULL),
        ('paused5', 'lisbon', 'shoes', 'paused', 'https://own.example/never'),
        ('paused6', 'porto', 'shoes', 'active', NULL),
        ('paused7', 'lisbon', 'closed', 'active', NULL);
"""
TARGETS = {
    "shoes1": "https://shop.example/a%2Fb?p=a%20b&z=a+b",
    "own2": "https://own.example:8443/x#part",
    "bags3": "https://bags.example/?c={click_id}&t={click_token}&a=lisbon",
    "quiet4": "https://quiet.example/",
}
PAUSED = {
    "paused5": ("R201", "https://shop.example/gone"),
    "paused6": ("R202", "https://shop.example/gone"),
    "paused7": ("R203", "https://closed.example/?c=&k=paused7"),
}
